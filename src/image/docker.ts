import {existsSync, readFileSync, realpathSync} from 'node:fs';
import {exitCode, problem} from '../errors.ts';
import type {Words} from '../shell/argv.ts';
import {executables} from '../shell/executable.ts';
import type {Runner} from '../shell/index.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** How an image is built with BuildKit here. */
export interface DockerClient {
  /** What stands before the options of the build: `docker build`, or the plug-in's own command. */
  readonly build: Words;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * BuildKit comes by the buildx plug-in, or inside clients before version 23. A newer client without the plug-in
 * falls back to the old builder, which knows no secrets and no cache mounts; where one stands first on PATH,
 * a later one may do. Looks at files first: a build that changes one line takes less time than a few questions.
 * @throws Problem `no_buildkit` (exit code 69) when no client on PATH can
 */
export async function findDockerClient({run, env}: {run: Runner; env: Environment}): Promise<DockerClient> {
  if (
    pluginDirectories(env).some(
      (directory) => executables(`${directory}/docker-buildx`, {directory: '/', path: ''}).length > 0,
    )
  )
    return plugin(env);
  // Where /bin is /usr/bin, the same one stands on PATH twice.
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
  // Its settings may name other directories for plug-ins.
  const asked = await run.read(['docker', 'buildx', 'version'], {allow: [1, 125, 127]});
  if (asked.exitCode === 0 && asked.stdout.includes('buildx')) return plugin(env);
  throw problem({
    code: 'no_buildkit',
    what: 'docker has no BuildKit (the buildx plug-in is missing), and the build needs its secrets and caches',
    fix: 'install the plug-in (Debian, Ubuntu: apt-get install docker-buildx; Docker: docker-buildx-plugin), or build with the image entrypoint/builder:26',
    exitCode: exitCode.unavailable,
  });
}

/**
 * What `docker build` becomes, without the starts of the plug-in with which it finds that out: 30 ms of the 270 of a build
 * that changes one line. The builder is the engine, which has the base images, whatever `docker buildx use` says.
 */
function plugin(env: Environment): DockerClient {
  const builder = (env['BUILDX_BUILDER'] ?? '') === '' ? ['--builder', dockerContext(env)] : [];
  return {build: ['docker', 'buildx', 'build', ...builder, '--load'], env: {}};
}

/** @see https://docs.docker.com/engine/manage-resources/contexts/ */
function dockerContext(env: Environment): string {
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

const settingsDirectory = (env: Environment): string => env['DOCKER_CONFIG'] ?? `${env['HOME'] ?? ''}/.docker`;

/** Where docker looks for plug-ins. @see https://docs.docker.com/reference/cli/docker/#configuration-files */
function pluginDirectories(env: Environment): string[] {
  return [
    settingsDirectory(env),
    '/usr/local/lib/docker',
    '/usr/local/libexec/docker',
    '/usr/lib/docker',
    '/usr/libexec/docker',
  ].map((directory) => `${directory}/cli-plugins`);
}

/** The CA certificates that this machine's programs are told to trust, for downloads in builds; undefined: none. */
export function certificateFile(env: Environment): string | undefined {
  return [env['NODE_EXTRA_CA_CERTS'], env['SSL_CERT_FILE']].find((file) => file !== undefined && existsSync(file));
}

/**
 * Fails early, in words, where no engine answers.
 * @throws Problem `engine_unavailable` (exit code 69): not running, no permission, or no client
 */
export async function requireEngine(run: Runner): Promise<void> {
  const {exitCode: code, stderr} = await run.read(['docker', 'version', '--format', '{{.Server.Version}}'], {
    allow: [1],
  });
  if (code !== 0) throw engineProblem(stderr);
}

/** What is said of an engine that did not answer, here or on `host`. */
export function engineProblem(stderr: string, host?: string): Error {
  const denied = /permission denied/i.test(stderr);
  const where = host === undefined ? '' : ` of ${host}`;
  const missing = /not found/i.test(stderr) && !/daemon|sock/i.test(stderr);
  return problem({
    code: 'engine_unavailable',
    what: denied
      ? `the Docker socket${where} refuses this user, and the task needs the engine`
      : missing
        ? `there is no docker client${host === undefined ? '' : ` on ${host}`}, and the task needs it`
        : `the Docker engine${where} does not answer, and the task needs it`,
    details: stderr.trim().split('\n').slice(-2),
    fix: denied
      ? 'add the user to the group of the socket (sudo usermod -aG docker "$USER", then log in again)'
      : 'start it (systemctl start docker, or dockerd), or set DOCKER_HOST; in a container: -v /var/run/docker.sock:/var/run/docker.sock',
    exitCode: exitCode.unavailable,
  });
}
