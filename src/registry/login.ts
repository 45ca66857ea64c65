import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {anyExitCode, exitCode, isProblem, messageOf, problem} from '../errors.ts';
import {loginKey} from '../service/schema/registry-name.ts';
import type {Context} from '../task.ts';
import type {Question} from './http.ts';

/** Asks credential helpers (`run`), and finds docker's configuration (`env`). */
export type LoginContext = Pick<Context, 'run' | 'env'>;

interface StoredLogin {
  readonly auth?: string;
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
}

interface DockerConfig {
  readonly auths?: Readonly<Record<string, StoredLogin | null>>;
  readonly credsStore?: string;
  readonly credHelpers?: Readonly<Record<string, string>>;
}

/** A login stored by `docker login`: a password, or a token that a token server exchanges. Never printed. */
export interface Login {
  /** `user:password` in base64, as HTTP's Basic scheme sends it. Empty with an identity token. */
  readonly basic: string;
  /** A refresh token of OAuth 2, which cloud registries give instead of a password. */
  readonly identityToken?: string | undefined;
}

/** A login by user and password. */
export const passwordLogin = (user: string, password: string): Login => ({
  basic: Buffer.from(`${user}:${password}`).toString('base64'),
});

/**
 * The login that docker itself would use: from DOCKER_AUTH_CONFIG, else from the credential helper that its configuration
 * names, else from the configuration. Undefined without a login.
 * @see https://docs.docker.com/reference/cli/docker/login/#credential-stores
 * @throws Problem `bad_docker_config` (exit code 65) when the configuration is not valid JSON, `credential_helper` (69)
 * when the helper is missing or fails
 * @example
 * const loggedIn = (await readLogin(context, 'registry.example.com')) !== undefined;
 */
export async function readLogin(context: LoginContext, host: string): Promise<Login | undefined> {
  const key = loginKey(host);
  const names = key === host ? [host, `https://${host}`, `https://${host}/v1/`, `https://${host}/v2/`] : [key];
  const given = context.env['DOCKER_AUTH_CONFIG'] ?? '';
  if (given !== '') {
    const login = loginIn(parseConfig(given, 'DOCKER_AUTH_CONFIG'), names);
    if (login !== undefined) return login;
  }
  const config = readConfig(context.env);
  const helper = [key, ...hostNames(key)].map((name) => config.credHelpers?.[name]).find(Boolean) ?? config.credsStore;
  if (helper !== undefined && helper !== '') {
    for (const name of names) {
      const login = await askHelper(context, helper, name);
      if (login !== undefined) return login;
    }
  }
  return loginIn(config, names);
}

const hostNames = (key: string): string[] => (key.startsWith('https:') ? ['index.docker.io', 'docker.io'] : []);

function loginIn({auths}: DockerConfig, names: readonly string[]): Login | undefined {
  for (const name of names) {
    const {auth = '', username = '', password = '', identitytoken = ''} = auths?.[name] ?? {};
    if (identitytoken !== '') return {basic: '', identityToken: identitytoken};
    if (auth !== '') return {basic: auth};
    if (username !== '') return passwordLogin(username, password);
  }
  return undefined;
}

function readConfig(env: LoginContext['env']): DockerConfig {
  const file = join(env['DOCKER_CONFIG'] ?? join(env['HOME'] ?? '/', '.docker'), 'config.json');
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return {};
  }
  return parseConfig(text, file);
}

function parseConfig(text: string, from: string): DockerConfig {
  try {
    return (JSON.parse(text) as DockerConfig | null) ?? {};
  } catch (error) {
    throw problem({
      code: 'bad_docker_config',
      // The parser quotes the text, which can hold a password.
      what: `${from} is not valid JSON${/ at position \d+/.exec(messageOf(error))?.[0] ?? ''}`,
      fix: `correct ${from}, or: docker login`,
      exitCode: exitCode.badData,
    });
  }
}

// Docker's credential helpers read the registry on standard input and write JSON on standard output.
async function askHelper({run}: LoginContext, helper: string, name: string): Promise<Login | undefined> {
  const program = `docker-credential-${helper}`;
  const answer = await run
    .read({words: [program, 'get'], stdin: name}, {allow: anyExitCode})
    .catch((error: unknown) => {
      if (isProblem(error) && error.code === 'command_not_found') throw helperProblem(program, 'is missing', []);
      throw error;
    });
  if (answer.exitCode !== 0) {
    // Helpers write their errors on standard output.
    const lines = `${answer.stdout}\n${answer.stderr}`.split('\n').filter((line) => line.trim() !== '');
    if (lines.some((line) => /credentials not found/i.test(line))) return undefined;
    throw helperProblem(program, `failed for ${name} with exit code ${answer.exitCode}`, lines.slice(-3));
  }
  const {Username: user = '', Secret: secret = ''} = parseAnswer(program, name, answer.stdout);
  if (secret === '') return undefined;
  return user === '<token>' ? {basic: '', identityToken: secret} : passwordLogin(user, secret);
}

function parseAnswer(program: string, name: string, text: string): {Username?: string; Secret?: string} {
  try {
    return (JSON.parse(text) as {Username?: string; Secret?: string} | null) ?? {};
  } catch {
    // Not its text: that can be the password.
    throw helperProblem(program, `answered for ${name} with something other than JSON`, []);
  }
}

function helperProblem(program: string, what: string, details: readonly string[]): Error {
  return problem({
    code: 'credential_helper',
    what: `the credential helper ${program} ${what}; docker's config.json names it`,
    details,
    fix: `install or repair ${program}; or remove it from credsStore and credHelpers in docker's config.json, and: docker login`,
    exitCode: exitCode.unavailable,
  });
}

/** How a registry asks for authentication: `Bearer realm="https://auth/token",service="registry",scope="..."`. */
export interface Challenge {
  readonly scheme: 'basic' | 'bearer';
  readonly parameters: Readonly<Record<string, string>>;
}

/** Reads a WWW-Authenticate header; undefined for an unknown scheme. */
export function parseChallenge(header: string): Challenge | undefined {
  const [, scheme = '', rest = ''] = /(?:^|,\s*)(basic|bearer)(?:\s+(.*))?$/is.exec(header.trim()) ?? [];
  const parameters = Object.fromEntries(
    [...rest.matchAll(/(\w+)=(?:"([^"]*)"|([^\s,"]+))/g)].map(([, name = '', quoted, plain]) => [
      name.toLowerCase(),
      quoted ?? plain ?? '',
    ]),
  );
  const known = scheme.toLowerCase();
  return known === 'basic' || known === 'bearer' ? {scheme: known, parameters} : undefined;
}

/**
 * The Authorization header that answers a challenge; undefined without a login, or when the token server refuses.
 * @see https://distribution.github.io/distribution/spec/auth/token/
 * @see https://distribution.github.io/distribution/spec/auth/oauth/ for identity tokens
 */
export async function answerChallenge(
  {scheme, parameters}: Challenge,
  login: Login | undefined,
  ask: (url: string, question: Question) => Promise<Response>,
): Promise<string | undefined> {
  const {basic = '', identityToken} = login ?? {};
  if (scheme === 'basic') return basic === '' ? undefined : `Basic ${basic}`;
  const {realm, ...named} = parameters;
  if (realm === undefined) return undefined;
  const wanted = Object.entries(named).filter(([name]) => name === 'service' || name === 'scope');
  const answer = await (identityToken === undefined
    ? ask(withQuery(realm, wanted), basic === '' ? {} : {headers: {authorization: `Basic ${basic}`}})
    : ask(realm, {
        method: 'POST',
        headers: {'content-type': 'application/x-www-form-urlencoded'},
        body: new URLSearchParams([
          ['grant_type', 'refresh_token'],
          ...wanted,
          ['client_id', 'entrypoint'],
          ['refresh_token', identityToken],
        ]).toString(),
      }));
  if (!answer.ok) return undefined;
  const {token, access_token: other} = (await answer.json()) as {token?: string; access_token?: string};
  const found = token || other;
  return found === undefined || found === '' ? undefined : `Bearer ${found}`;
}

function withQuery(realm: string, wanted: readonly (readonly [string, string])[]): string {
  const url = new URL(realm);
  for (const [name, value] of wanted) url.searchParams.set(name, value);
  return url.href;
}
