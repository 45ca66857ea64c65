import {isProblem, problem} from '../errors.ts';
import {commandText} from '../shell/argv.ts';
import {isTransientText, retry} from '../shell/retry.ts';
import type {Context} from '../task.ts';
import {answerChallenge, parseChallenge, readLogin} from './login.ts';

/** An image's place in a registry, without tag or digest. */
export interface Repository {
  readonly registry: string;
  readonly name: string;
}

export interface Manifest {
  readonly digest: string;
  readonly type: string;
  readonly bytes: Uint8Array;
}

const types = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];

/** `127.0.0.1:5000/team/buy-service` for registry `127.0.0.1:5000/team`. */
export const repositoryText = ({registry, name}: Repository): string => `${registry}/${name}`;

/**
 * The API's address of a manifest. Like the engine, plain HTTP is for this machine only.
 * @see https://distribution.github.io/distribution/spec/api/#manifest
 */
export function manifestUrl({registry, name}: Repository, reference: string): string {
  const [host = '', ...path] = registry.split('/');
  // The hub's name and its registry's are two.
  const server = host === 'docker.io' ? 'registry-1.docker.io' : host;
  const scheme = /^(localhost|127\.\d+\.\d+\.\d+)(:\d+)?$/.test(host) ? 'http' : 'https';
  return `${scheme}://${server}/v2/${[...path, name].join('/')}/manifests/${reference}`;
}

/**
 * What a tag or digest stands for; undefined when the registry does not know it. Retried while the network fails.
 * @throws Problem `registry_unavailable`, `registry_refused`
 */
export async function readManifest(
  context: Context,
  repository: Repository,
  reference: string,
): Promise<Manifest | undefined> {
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

/** Puts the same bytes under another name: the digest stays, nothing is rebuilt, pulled or pushed. */
export async function writeManifest(
  context: Context,
  repository: Repository,
  tag: string,
  manifest: Manifest,
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
 * The same as shell text that can be pasted: with curl, or, where the registry wants a login, with skopeo, which reads
 * docker's login by itself. `type` must be the manifest's own media type.
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

async function request(context: Context, url: string, init: RequestInit): Promise<Response> {
  const answer = await ask(context, url, init);
  const challenge = answer.status === 401 ? parseChallenge(answer.headers.get('www-authenticate') ?? '') : undefined;
  if (challenge === undefined) return answer;
  const login = await readLogin(context, new URL(url).host);
  const authorization = await answerChallenge(challenge, login, (realm, headers) => ask(context, realm, {headers}));
  return authorization === undefined ? answer : ask(context, url, {...init, headers: {...init.headers, authorization}});
}

/** One request, tried again while the network or the server is in trouble. */
async function ask({note, signal}: Context, url: string, init: RequestInit): Promise<Response> {
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
            `the registry ${host}: ${networkText(error)}; try ${attempt} of ${attempts} failed, next one in ${pauseSeconds.toFixed(1)} s`,
          ),
        sleep: (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000)),
      },
    );
  } catch (error) {
    if (isProblem(error)) throw error;
    throw problem({
      code: 'registry_unavailable',
      what: `the registry ${host} does not answer (${networkText(error)}), and images are published and promoted there`,
      fix: `start it, or correct \`registry\` in deploy.yaml or ENTRYPOINT_REGISTRY; to try: curl ${new URL('/v2/', url).href}`,
      cause: error,
    });
  }
}

// fetch says only "fetch failed"; what happened stands in its cause.
function networkText(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const text = cause instanceof Error ? cause.message || (cause as NodeJS.ErrnoException).code : String(cause);
  return text === undefined || text === '' ? 'connection refused' : text;
}

function refused(url: string, status: number): Error {
  const denied = status === 401 || status === 403;
  return problem({
    code: 'registry_refused',
    what: `the registry answers ${status} to ${url}`,
    fix: denied ? `log in with a user who may: docker login ${new URL(url).host}` : "see the registry's log",
  });
}
