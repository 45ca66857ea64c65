import {lookup} from 'node:dns/promises';
import {readdirSync, readFileSync} from 'node:fs';
import {isIP} from 'node:net';
import {join} from 'node:path';
import {getCACertificates} from 'node:tls';
import {isLoopback} from '../service/schema/registry-name.ts';
import {quote, wordsText} from '../shell/argv.ts';
import type {Context} from '../task.ts';
import {type Access, isCertificateError} from './http.ts';
import {inNetwork} from './proxy.ts';

// How the engine would reach a registry: what `publish` reaches must be reached here as well.

type AccessContext = Pick<Context, 'run' | 'env'>;

const systemDirectory = '/etc/docker/certs.d';

/**
 * The ways to reach a registry, best first. Each further one is for when those before have failed, with `error`: the
 * engine is asked only then.
 */
export async function* waysTo(context: AccessContext, host: string, error: () => unknown): AsyncGenerator<Access> {
  const {ca, client} = certificatesOf(context.env, host);
  // The engine's rule for 127.0.0.0/8: any certificate, or none.
  if (isLoopback(host)) return yield* insecure(client);
  const known = getCACertificates('default');
  yield {scheme: 'https', verify: true, ca: ca.length === 0 ? undefined : [...known, ...ca], client};
  const others = isCertificateError(error()) ? [...getCACertificates('system'), ...namedFiles(context.env)] : [];
  if (others.length > 0) yield {scheme: 'https', verify: true, ca: [...known, ...others, ...ca], client};
  if (await isInsecure(context, host)) return yield* insecure(client);
  const engines = isCertificateError(error()) ? await engineCertificates(context, host) : '';
  if (engines !== '') yield {scheme: 'https', verify: true, ca: [...known, engines], client};
}

const insecure = (client: Access['client']): readonly Access[] => [
  {scheme: 'https', verify: false, client},
  {scheme: 'http', verify: false},
];

/** Certificates that variables name; Node reads the first of them only when it starts. */
const namedFiles = (env: AccessContext['env']): string[] =>
  ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE'].map((name) => textOf(env[name] ?? '')).filter((text) => text !== '');

/**
 * The files that the engine reads for one registry; Docker Desktop reads them from the user's directory.
 * @see https://docs.docker.com/engine/security/certificates/
 */
function certificatesOf(
  env: AccessContext['env'],
  host: string,
): {readonly ca: readonly string[]; readonly client: Access['client']} {
  const user = join(env['DOCKER_CONFIG'] ?? join(env['HOME'] ?? '/', '.docker'), 'certs.d');
  const directories = [systemDirectory, user].map((directory) => join(directory, host));
  const files = directories.flatMap((directory) => namesIn(directory).map((name) => join(directory, name)));
  const ca = files.filter((file) => file.endsWith('.crt')).map(textOf);
  const pairs = files
    .filter((file) => file.endsWith('.cert'))
    .map((file) => ({cert: textOf(file), key: textOf(`${file.slice(0, -'.cert'.length)}.key`)}));
  return {ca, client: pairs.find(({cert, key}) => cert !== '' && key !== '')};
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).toSorted();
  } catch {
    return [];
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** The engine's settings of registries, as `docker info` prints them. */
interface RegistryConfig {
  readonly InsecureRegistryCIDRs?: readonly string[] | null;
  readonly IndexConfigs?: Readonly<Record<string, {readonly Secure?: boolean}>> | null;
}

async function isInsecure({run}: AccessContext, host: string): Promise<boolean> {
  const {exitCode, stdout} = await run.read(['docker', 'info', '--format', '{{json .RegistryConfig}}'], {allow: [1]});
  if (exitCode !== 0 || stdout.trim() === '') return false;
  const name = host.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  const addresses =
    isIP(name) > 0 ? [name] : (await lookup(name, {all: true}).catch(() => [])).map((one) => one.address);
  return allowsInsecure(JSON.parse(stdout) as RegistryConfig | null, host, addresses);
}

/** Whether the engine takes a registry without a valid certificate: by its name, or by its address. */
export function allowsInsecure(config: RegistryConfig | null, host: string, addresses: readonly string[]): boolean {
  const secure = config?.IndexConfigs?.[host]?.Secure;
  if (secure !== undefined) return !secure;
  return (config?.InsecureRegistryCIDRs ?? []).some((network) =>
    addresses.some((address) => inNetwork(address, network)),
  );
}

/** The certificates of the engine's machine for a registry: an engine elsewhere has them where this process cannot read. */
async function engineCertificates({run}: AccessContext, host: string): Promise<string> {
  const image = wordsText(['docker', 'image', 'ls', '--quiet', '--filter', 'label=entrypoint.service_name']);
  const read = wordsText([
    'docker',
    'run',
    '--rm',
    '--network',
    'none',
    '--mount',
    `type=bind,source=${systemDirectory}/${host},target=/certificates,readonly`,
    '--entrypoint',
    'sh',
  ]);
  const script = `i=$(${image} | head -n 1); [ -n "$i" ] && ${read} "$i" -c ${quote('cat /certificates/*.crt')}`;
  const {exitCode, stdout} = await run.read({words: ['sh', '-c', script]}, {allow: [1, 125, 126, 127]});
  return exitCode === 0 && stdout.includes('BEGIN CERTIFICATE') ? stdout : '';
}
