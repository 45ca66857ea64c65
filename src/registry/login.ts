import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {messageOf, problem} from '../errors.ts';
import type {Context} from '../task.ts';

/** Asks credential helpers (`run`), and finds docker's configuration (`env`). */
export type LoginContext = Pick<Context, 'run' | 'env'>;

interface DockerConfig {
  readonly auths?: Readonly<Record<string, {readonly auth?: string; readonly identitytoken?: string}>>;
  readonly credsStore?: string;
  readonly credHelpers?: Readonly<Record<string, string>>;
}

/** A login stored by `docker login`. Never printed. */
export interface Login {
  /** `user:password` in base64, as HTTP's Basic scheme sends it. */
  readonly basic: string;
}

/**
 * The login that docker itself would use: from the credential helper that its configuration names, else from the
 * configuration. Undefined without a login.
 * @see https://docs.docker.com/reference/cli/docker/login/#credential-stores
 * @throws Problem `bad_docker_config` when the configuration is not valid JSON
 * @example
 * const loggedIn = (await readLogin(context, 'registry.example.com')) !== undefined;
 */
export async function readLogin(context: LoginContext, host: string): Promise<Login | undefined> {
  const config = readConfig(context.env);
  const names =
    host === 'registry-1.docker.io'
      ? ['https://index.docker.io/v1/']
      : [host, `https://${host}`, `https://${host}/v1/`, `https://${host}/v2/`];
  const helper = config.credHelpers?.[host] ?? config.credsStore;
  if (helper !== undefined && helper !== '') {
    for (const name of names) {
      const login = await askHelper(context, helper, name);
      if (login !== undefined) return login;
    }
  }
  const auth = names.map((name) => config.auths?.[name]?.auth).find((found) => found !== undefined && found !== '');
  return auth === undefined ? undefined : {basic: auth};
}

function readConfig(env: LoginContext['env']): DockerConfig {
  const file = join(env['DOCKER_CONFIG'] ?? join(env['HOME'] ?? '/', '.docker'), 'config.json');
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return {};
  }
  try {
    return JSON.parse(text) as DockerConfig;
  } catch (error) {
    throw problem({
      code: 'bad_docker_config',
      what: `${file} is not valid JSON: ${messageOf(error)}`,
      fix: `correct ${file}, or: docker login`,
    });
  }
}

// Docker's credential helpers read the registry on standard input and write JSON on standard output.
async function askHelper({run}: LoginContext, helper: string, name: string): Promise<Login | undefined> {
  const {exitCode, stdout} = await run.read({words: [`docker-credential-${helper}`, 'get'], stdin: name}, {allow: [1]});
  if (exitCode !== 0) return undefined;
  const {Username: user = '', Secret: secret = ''} = JSON.parse(stdout) as {Username?: string; Secret?: string};
  return secret === '' ? undefined : {basic: Buffer.from(`${user}:${secret}`).toString('base64')};
}

/** How a registry asks for authentication: `Bearer realm="https://auth/token",service="registry",scope="..."`. */
export interface Challenge {
  readonly scheme: 'basic' | 'bearer';
  readonly parameters: Readonly<Record<string, string>>;
}

/** Reads a WWW-Authenticate header; undefined for an unknown scheme. */
export function parseChallenge(header: string): Challenge | undefined {
  const [, scheme = '', rest = ''] = /^(\w+)\s*(.*)$/s.exec(header.trim()) ?? [];
  const parameters = Object.fromEntries(
    [...rest.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name.toLowerCase(), value]),
  );
  const known = scheme.toLowerCase();
  return known === 'basic' || known === 'bearer' ? {scheme: known, parameters} : undefined;
}

/**
 * The Authorization header that answers a challenge; undefined without a login, or when the token server refuses.
 * @see https://distribution.github.io/distribution/spec/auth/token/
 */
export async function answerChallenge(
  {scheme, parameters}: Challenge,
  login: Login | undefined,
  ask: (url: string, headers: Readonly<Record<string, string>>) => Promise<Response>,
): Promise<string | undefined> {
  const basic = login === undefined ? undefined : `Basic ${login.basic}`;
  if (scheme === 'basic') return basic;
  const {realm, service, scope} = parameters;
  if (realm === undefined) return undefined;
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set('service', service);
  if (scope !== undefined) url.searchParams.set('scope', scope);
  const answer = await ask(url.href, basic === undefined ? {} : {authorization: basic});
  if (!answer.ok) return undefined;
  const {token, access_token: other} = (await answer.json()) as {token?: string; access_token?: string};
  const found = token ?? other;
  return found === undefined ? undefined : `Bearer ${found}`;
}
