import {isProblem, problem} from '../errors.ts';
import {commandText} from '../shell/argv.ts';
import {isTransientText, retry} from '../shell/retry.ts';
import type {Context} from '../task.ts';
import {answerChallenge, parseChallenge, readLogin} from './login.ts';

/** Reads docker's login (`run`, `env`), reports retries (`note`) and stops with the task (`signal`). */
export type RegistryContext = Pick<Context, 'run' | 'env' | 'note' | 'signal'>;

/** The repository of an image in a registry: without tag or digest. */
export interface Repository {
  /** `host`, `host:port` or `host/path`. */
  readonly registry: string;
  /** The service's name. */
  readonly name: string;
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

const types = [
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
export const repositoryText = ({registry, name}: Repository): string => `${registry}/${name}`;

/**
 * The URL of a manifest in the registry's API. As in the engine, plain HTTP is for registries on this machine only.
 * @see https://distribution.github.io/distribution/spec/api/#manifest
 * @example
 * manifestUrl({registry: 'localhost:5000', name: 'buy-service'}, 'rc'); // http://localhost:5000/v2/buy-service/manifests/rc
 */
export function manifestUrl({registry, name}: Repository, reference: string): string {
  const [host = '', ...path] = registry.split('/');
  // Docker Hub's registry has another host name than its images.
  const server = host === 'docker.io' ? 'registry-1.docker.io' : host;
  const scheme = /^(localhost|127\.\d+\.\d+\.\d+)(:\d+)?$/.test(host) ? 'http' : 'https';
  return `${scheme}://${server}/v2/${[...path, name].join('/')}/manifests/${reference}`;
}

/**
 * The manifest that a tag or digest names; undefined when the registry has none. Retried for 30 seconds while the network
 * or the registry fails.
 * @throws Problem `registry_unavailable`, `registry_refused` or `bad_docker_config`
 * @example
 * const repository = {registry: '127.0.0.1:5000', name: 'buy-service'};
 * const digest = (await readManifest(context, repository, 'rc'))?.digest;
 */
export async function readManifest(
  context: RegistryContext,
  repository: Repository,
  reference: string,
): Promise<ImageManifest | undefined> {
  const url = manifestUrl(repository, reference);
  const answer = await request(context, url, {headers: {accept: types.join(', ')}});
  if (answer.status === 404) return undefined;
  if (!answer.ok) throw refused(url, answer.status);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  return {
    bytes,
    digest: answer.headers.get('docker-content-digest') ?? '',
    type: answer.headers.get('content-type') ?? '',
  };
}

/**
 * Gives a tag to a manifest of the same repository. The bytes and so the digest stay the same; nothing is rebuilt, pulled
 * or pushed.
 * @throws Problem `registry_unavailable`, `registry_refused` or `bad_docker_config`
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
  const url = manifestUrl(repository, tag);
  const answer = await request(context, url, {
    method: 'PUT',
    headers: {'content-type': manifest.type},
    body: new Uint8Array(manifest.bytes),
  });
  if (!answer.ok) throw refused(url, answer.status);
}

/**
 * Shell text that does the same as {@link writeManifest}: with curl, or, where the registry requires a login, with
 * skopeo, which reads docker's login by itself. `type` must be the manifest's media type.
 * @example
 * const text = copyManifestText(repository, 'rc', 'prod', {type: manifest.type, login: false});
 * await context.run.act(text, () => writeManifest(context, repository, 'prod', manifest));
 */
export function copyManifestText(
  repository: Repository,
  from: string,
  tag: string,
  {type, login}: {type: string; login: boolean},
): string {
  if (login) {
    const name = `docker://${repositoryText(repository)}`;
    const plain = manifestUrl(repository, tag).startsWith('http:')
      ? ['--src-tls-verify=false', '--dest-tls-verify=false']
      : [];
    return commandText([
      'skopeo',
      'copy',
      '--all',
      '--preserve-digests',
      ...plain,
      `${name}${from.includes(':') ? '@' : ':'}${from}`,
      `${name}:${tag}`,
    ]);
  }
  const curl = ['curl', '--fail', '--silent', '--show-error'];
  const get = commandText([...curl, '--header', `Accept: ${types.join(', ')}`, manifestUrl(repository, from)]);
  const put = commandText([
    ...curl,
    '--request',
    'PUT',
    '--header',
    `Content-Type: ${type}`,
    '--data-binary',
    '@-',
    manifestUrl(repository, tag),
  ]);
  return `${get} | ${put}`;
}

async function request(context: RegistryContext, url: string, init: RequestInit): Promise<Response> {
  const answer = await ask(context, url, init);
  const challenge = answer.status === 401 ? parseChallenge(answer.headers.get('www-authenticate') ?? '') : undefined;
  if (challenge === undefined) return answer;
  const login = await readLogin(context, new URL(url).host);
  const authorization = await answerChallenge(challenge, login, (realm, headers) => ask(context, realm, {headers}));
  return authorization === undefined ? answer : ask(context, url, {...init, headers: {...init.headers, authorization}});
}

/** One request, retried while the network or the registry fails. */
async function ask({note, signal}: RegistryContext, url: string, init: RequestInit): Promise<Response> {
  const {host} = new URL(url);
  try {
    return await retry(
      async () => {
        const answer = await fetch(url, {...init, signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)])});
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
    throw problem({
      code: 'registry_unavailable',
      what: `the registry ${host} does not answer: ${networkText(error)}`,
      fix: `start it, or correct \`registry\` in deploy.yaml or ENTRYPOINT_REGISTRY; to test: curl ${new URL('/v2/', url).href}`,
      cause: error,
    });
  }
}

// fetch says only "fetch failed"; its cause says why.
function networkText(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const text = cause instanceof Error ? cause.message || (cause as NodeJS.ErrnoException).code : String(cause);
  return text === undefined || text === '' ? 'connection refused' : text;
}

function refused(url: string, status: number): Error {
  const denied = status === 401 || status === 403;
  return problem({
    code: 'registry_refused',
    what: `the registry answered ${status}: ${url}`,
    fix: denied ? `log in as a user with access: docker login ${new URL(url).host}` : "see the registry's log",
  });
}
