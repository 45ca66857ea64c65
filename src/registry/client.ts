import {createHash} from 'node:crypto';
import {isProblem} from '../errors.ts';
import {dockerHub, isLoopback, splitRegistry} from '../service/schema/registry-name.ts';
import {isTransientText, retry} from '../shell/retry.ts';
import type {Context} from '../task.ts';
import {waysTo} from './access.ts';
import {refused, unavailable} from './failures.ts';
import {type Access, networkText, type Question, send} from './http.ts';
import {answerChallenge, type Login, parseChallenge, readLogin} from './login.ts';

/** Reads docker's login (`run`, `env`), reports retries (`note`) and stops with the task (`signal`). */
export type RegistryContext = Pick<Context, 'run' | 'env' | 'note' | 'signal'>;

/** The repository of an image in a registry: without tag or digest. */
export interface Repository {
  /** `host`, `host:port` or `host/path`. */
  readonly registry: string;
  /** The service's name. */
  readonly name: string;
  /** The login to use. Default: that of docker on this machine. Called when the registry asks for one. */
  readonly login?: (() => Promise<Login>) | undefined;
}

/** The manifest of an image in a registry. */
export interface ImageManifest {
  /** `sha256:...` */
  readonly digest: string;
  /** Its media type. */
  readonly type: string;
  /** The manifest as the registry stores it; `digest` is the hash of exactly these. */
  readonly bytes: Uint8Array;
}

/** The media types of manifests, in the order of preference. */
export const manifestTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];

/**
 * A repository as image names begin with it.
 * @example
 * repositoryText({registry: '127.0.0.1:5000/team', name: 'buy-service'}); // 127.0.0.1:5000/team/buy-service
 */
export const repositoryText = ({registry, name}: Pick<Repository, 'registry' | 'name'>): string =>
  `${registry}/${name}`;

/** The host of a registry's API: Docker Hub's has another name than its images. */
export function apiHost(registry: string): string {
  const {host} = splitRegistry(registry);
  return host === dockerHub ? 'registry-1.docker.io' : host;
}

/**
 * The URL of a manifest in the registry's API.
 * @param scheme default: as a registry on this machine is usually run, and as all others are
 * @see https://distribution.github.io/distribution/spec/api/#manifest
 * @example
 * manifestUrl({registry: 'localhost:5000', name: 'buy-service'}, 'rc'); // http://localhost:5000/v2/buy-service/manifests/rc
 */
export function manifestUrl(
  {registry, name}: Pick<Repository, 'registry' | 'name'>,
  reference: string,
  scheme: 'http' | 'https' = isLoopback(apiHost(registry)) ? 'http' : 'https',
): string {
  const {path} = splitRegistry(registry);
  return `${scheme}://${apiHost(registry)}/v2/${path === '' ? '' : `${path}/`}${name}/manifests/${reference}`;
}

/**
 * The manifest that a tag or digest names; undefined when the registry has none. Retried for 30 seconds while the network
 * or the registry fails. The registry is reached as the engine reaches it: with its certificates, its insecure
 * registries, docker's login, and the proxies of the environment.
 * @throws Problem `registry_unavailable` (exit code 69), `registry_refused`, `credential_helper` (69) or
 * `bad_docker_config` (65)
 * @example
 * const repository = {registry: '127.0.0.1:5000', name: 'buy-service'};
 * const digest = (await readManifest(context, repository, 'rc'))?.digest;
 */
export async function readManifest(
  context: RegistryContext,
  repository: Repository,
  reference: string,
): Promise<ImageManifest | undefined> {
  const url = manifestUrl(repository, reference, 'https');
  const answer = await request(context, repository, url, {headers: {accept: manifestTypes.join(', ')}});
  if (answer.status === 404) return undefined;
  if (!answer.ok)
    throw refused(repository, answer.status, manifestUrl(repository, reference, accessTo(context, repository)?.scheme));
  const bytes = new Uint8Array(await answer.arrayBuffer());
  return {
    bytes,
    // A proxy in front of a registry can drop the header.
    digest: answer.headers.get('docker-content-digest') || digestOf(bytes),
    type: typeOf(bytes, answer.headers.get('content-type')),
  };
}

/**
 * A blob of a repository, such as the configuration of an image.
 * @throws Problem `registry_unavailable` (exit code 69), `registry_refused`
 */
export async function readBlob(context: RegistryContext, repository: Repository, digest: string): Promise<Uint8Array> {
  const url = manifestUrl(repository, digest, 'https').replace('/manifests/', '/blobs/');
  const answer = await request(context, repository, url, {});
  if (!answer.ok) throw refused(repository, answer.status, url);
  return new Uint8Array(await answer.arrayBuffer());
}

const digestOf = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** A manifest names its own type, except for the first of OCI's, which need not. */
function typeOf(bytes: Uint8Array, header: string | null): string {
  const given = header?.split(';')[0]?.trim() ?? '';
  if (manifestTypes.includes(given)) return given;
  try {
    const {mediaType} = JSON.parse(Buffer.from(bytes).toString()) as {mediaType?: unknown};
    if (typeof mediaType === 'string') return mediaType;
  } catch {}
  return given || (manifestTypes.at(-1) ?? '');
}

/**
 * Gives a tag to a manifest of the same repository. The bytes and so the digest stay the same; nothing is rebuilt, pulled
 * or pushed.
 * @throws Problem `registry_unavailable` (exit code 69), `registry_refused`, `credential_helper` (69) or
 * `bad_docker_config` (65)
 * @example
 * const manifest = await readManifest(context, repository, 'rc');
 * if (manifest !== undefined) await writeManifest(context, repository, 'prod', manifest);
 */
export async function writeManifest(
  context: RegistryContext,
  repository: Repository,
  tag: string,
  manifest: ImageManifest,
): Promise<void> {
  const url = manifestUrl(repository, tag, 'https');
  const answer = await request(context, repository, url, {
    method: 'PUT',
    headers: {'content-type': manifest.type},
    body: manifest.bytes,
  });
  if (!answer.ok)
    throw refused(repository, answer.status, manifestUrl(repository, tag, accessTo(context, repository)?.scheme));
}

/** How each registry was reached; a context's runner stands for its task. */
const reached = new WeakMap<RegistryContext['run'], Map<string, Access>>();

/** How a registry was reached by an earlier request; undefined before the first one. */
export const accessTo = ({run}: Pick<RegistryContext, 'run'>, {registry}: Repository): Access | undefined =>
  reached.get(run)?.get(apiHost(registry));

async function request(
  context: RegistryContext,
  repository: Repository,
  url: string,
  question: Question,
): Promise<Response> {
  const host = apiHost(repository.registry);
  const answer = await ask(context, host, url, question);
  const challenge = answer.status === 401 ? parseChallenge(answer.headers.get('www-authenticate') ?? '') : undefined;
  if (challenge === undefined) return answer;
  const login = await (repository.login?.() ?? readLogin(context, host));
  const authorization = await answerChallenge(challenge, login, (realm, asked) =>
    ask(context, host, realm, asked, true),
  );
  return authorization === undefined
    ? answer
    : ask(context, host, url, {...question, headers: {...question.headers, authorization}});
}

/**
 * One request, retried while the network or the registry fails.
 * @param isFixed take the scheme of the URL: for a token server, which is reached with the registry's certificates
 */
async function ask(
  context: RegistryContext,
  host: string,
  url: string,
  question: Question,
  isFixed = false,
): Promise<Response> {
  const {note, signal} = context;
  try {
    return await retry(
      async () => {
        const answer = await askOnce(context, host, url, question, isFixed);
        if (answer.status >= 500) throw new Error(`status ${answer.status}`);
        return answer;
      },
      {deadlineSeconds: 30},
      {
        isTransient: (error) => !signal.aborted && isTransientText(networkText(error)),
        onRetry: ({attempt, attempts, pauseSeconds, error}) =>
          note(
            `the registry ${host}: ${networkText(error)}; try ${attempt} of ${attempts} failed; next one in ${pauseSeconds.toFixed(1)} s`,
          ),
        sleep: (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000)),
      },
    );
  } catch (error) {
    if (isProblem(error)) throw error;
    throw unavailable(host, new URL(url).host, error);
  }
}

/** Tries the ways to reach the registry in turn, and stays with the first that gives an answer. */
async function askOnce(
  context: RegistryContext,
  host: string,
  url: string,
  question: Question,
  isFixed: boolean,
): Promise<Response> {
  const sendBy = (access: Access): Promise<Response> => {
    const target = new URL(url);
    if (!isFixed) target.protocol = `${access.scheme}:`;
    const signal = AbortSignal.any([context.signal, AbortSignal.timeout(10_000)]);
    return send(target, question, access, {env: context.env, signal});
  };
  const known = reached.get(context.run) ?? new Map<string, Access>();
  reached.set(context.run, known);
  const access = known.get(host);
  if (access !== undefined) return sendBy(access);
  const errors: unknown[] = [];
  for await (const way of waysTo(context, host, () => errors.at(-1))) {
    try {
      const answer = await sendBy(way);
      known.set(host, way);
      return answer;
    } catch (error) {
      if (context.signal.aborted) throw error;
      errors.push(error);
    }
  }
  // Of a registry on this machine, the last way is the usual one; of others, the first failure says why.
  throw isLoopback(host) ? errors.at(-1) : errors[0];
}
