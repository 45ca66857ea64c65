import {existsSync, lstatSync, readFileSync, readlinkSync, realpathSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, resolve} from 'node:path';
import {exitCode, problem} from '../errors.ts';
import type {Words} from '../shell/argv.ts';
import {executables} from '../shell/executable.ts';
import type {Context} from '../task.ts';

type Variables = Context['env'];

/** How to build an image with BuildKit on this machine. */
export interface DockerClient {
  /** The words before the build's options: `docker build`, or the command of the buildx plugin. */
  readonly build: Words;
  /** Variables to set for it. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Finds a docker client with BuildKit: one with the buildx plugin, else one of a version before 23, which has BuildKit
 * built in. A newer client without the plugin falls back to the old builder, which has neither secrets nor cache
 * mounts; if such a client is first on PATH, a later one can still qualify. Checks files before it runs commands:
 * a build that changes one line takes less time than starting docker a few times.
 * @throws Problem `no_buildkit` (exit code 69) when no client on PATH has BuildKit
 * @example
 * const {build, env} = await findDockerClient(context);
 * await context.run({words: [...build, '--tag', 'buy-service:dev', '.'], env});
 */
export async function findDockerClient({run, env}: Pick<Context, 'run' | 'env'>): Promise<DockerClient> {
  if (
    pluginDirectories(env).some(
      (directory) => executables(`${directory}/docker-buildx`, {directory: '/', path: ''}).length > 0,
    )
  )
    return plugin(env);
  // Where /bin is a link to /usr/bin, PATH has the same client twice.
  const programs = Array.from(
    Map.groupBy(executables('docker', {directory: '/', path: env['PATH']}), (program) =>
      realpathSync(program),
    ).values(),
    ([program = '']) => program,
  );
  const versions = await Promise.all(programs.map((program) => run.read([program, '--version'], {allow: [1]})));
  const older = programs.find((_, index) => {
    // `Docker version 20.10.24+dfsg1, build 297e128`
    const major = Number(/ version (\d+)\./.exec(versions[index]?.stdout ?? '')?.[1]);
    return major >= 19 && major < 23;
  });
  if (older !== undefined) return {build: [older, 'build'], env: {DOCKER_BUILDKIT: '1'}};
  // The client's configuration can name further plugin directories.
  const answer = await run.read(['docker', 'buildx', 'version'], {allow: [1, 125, 127]});
  if (answer.exitCode === 0 && answer.stdout.includes('buildx')) return plugin(env);
  throw problem({
    code: 'no_buildkit',
    what: 'docker has no BuildKit: the buildx plugin is missing',
    fix: 'install the plugin (Debian, Ubuntu: apt-get install docker-buildx; Docker: docker-buildx-plugin), or build with the image entrypoint/builder:26',
    exitCode: exitCode.unavailable,
  });
}

/**
 * The command that `docker build` delegates to. Calling it directly saves the starts of the plugin by which docker finds
 * it: 30 ms of the 270 of a build that changes one line. The builder is the engine of the current context, because it
 * has the base images, and not the one selected by `docker buildx use`.
 */
function plugin(env: Variables): DockerClient {
  const builder = (env['BUILDX_BUILDER'] ?? '') === '' ? ['--builder', dockerContext(env)] : [];
  return {build: ['docker', 'buildx', 'build', ...builder, '--load'], env: {}};
}

/**
 * The docker context in use: `default` where a variable names the engine.
 * @see https://docs.docker.com/engine/manage-resources/contexts/
 */
export function dockerContext(env: Variables): string {
  if ((env['DOCKER_HOST'] ?? '') !== '') return 'default';
  if ((env['DOCKER_CONTEXT'] ?? '') !== '') return env['DOCKER_CONTEXT'] as string;
  try {
    return (
      (JSON.parse(readFileSync(`${settingsDirectory(env)}/config.json`, 'utf8')) as {currentContext?: string})
        .currentContext || 'default'
    );
  } catch {
    return 'default';
  }
}

const settingsDirectory = (env: Variables): string => env['DOCKER_CONFIG'] ?? `${env['HOME'] ?? ''}/.docker`;

/** Docker's plugin directories. @see https://docs.docker.com/reference/cli/docker/#configuration-files */
function pluginDirectories(env: Variables): string[] {
  return [
    settingsDirectory(env),
    '/usr/local/lib/docker',
    '/usr/local/libexec/docker',
    '/usr/lib/docker',
    '/usr/libexec/docker',
  ].map((directory) => `${directory}/cli-plugins`);
}

/** The file of additional CA certificates configured on this machine, for downloads in builds; undefined: none. */
export function certificateFile(env: Variables): string | undefined {
  return [env['NODE_EXTRA_CA_CERTS'], env['SSL_CERT_FILE']].find((file) => file !== undefined && existsSync(file));
}

/**
 * The directory for temporary files that the docker client reads or writes. A client from a snap sees a /tmp of its own,
 * and of the user's directory what is not hidden.
 * @example
 * const directory = await mkdtemp(join(dockerTemporaryDirectory(context.env), 'shop-'));
 */
export function dockerTemporaryDirectory(env: Variables): string {
  const usual = tmpdir();
  const home = env['HOME'] ?? '';
  const [client] = executables('docker', {directory: '/', path: env['PATH']});
  if (client === undefined || home === '' || !isOfSnap(client)) return usual;
  return usual.startsWith(`${home}/`) && !usual.slice(home.length).includes('/.') ? usual : home;
}

/** Its program is a link to snap itself: what is in the way there says whose it is. */
function isOfSnap(file: string): boolean {
  let path = file;
  // As many as Linux follows.
  for (let links = 0; links < 40; links += 1) {
    if (/\/snap\/(?:bin\/|docker\/)/.test(path)) return true;
    if (!lstatSync(path).isSymbolicLink()) return false;
    path = resolve(dirname(path), readlinkSync(path));
  }
  return false;
}
