import {type Command, type Words, wordsText} from '../../shell/argv.ts';
import {flag, labelFilters} from './flags.ts';

/** Exit codes of `docker run` for a container that the engine did not start. @see https://docs.docker.com/reference/cli/docker/container/run/#exit-status */
export const notStartedCodes: readonly number[] = [125, 126, 127];

export const dockerStart = (...names: string[]): Words => ['docker', 'start', ...names];

/** SIGTERM, then SIGKILL after `seconds`. */
export const dockerStop = (seconds: number, ...names: string[]): Words => [
  'docker',
  'stop',
  '--time',
  String(seconds),
  ...names,
];

export const dockerKill = (signal: string, name: string): Words => ['docker', 'kill', '--signal', signal, name];

/** Waits until the container exits; prints its exit code. */
export const dockerWait = (name: string): Words => ['docker', 'wait', name];

/**
 * Kills and removes containers, with their anonymous volumes.
 * @example
 * await context.run(dockerRemove('buy-service.load'));
 */
export const dockerRemove = (...names: string[]): Words => ['docker', 'rm', '--force', '--volumes', ...names];

const removeListed = (list: Words): string =>
  `names=$(${wordsText(list)}) && [ -z "$names" ] || docker rm --force --volumes $names`;

/** The same for every container with these labels; succeeds if there are none. */
export const dockerRemoveLabelled = (labels: Readonly<Record<string, string>>): Words => [
  'sh',
  '-c',
  removeListed(dockerIds(labels)),
];

/**
 * The same for every container whose name begins with `prefix`, after `seconds`: an engine goes on to create what a client
 * that was killed has asked for.
 */
export const dockerRemoveLate = (prefix: string, seconds: number): Words => [
  'sh',
  '-c',
  `sleep ${seconds}; ${removeListed(['docker', 'ps', '--all', '--quiet', '--filter', `name=^${prefix.replaceAll('.', '\\.')}`])}`,
];

/** Sets the restart policy. */
export const dockerUpdateRestart = (policy: 'no' | 'always', ...names: string[]): Words => [
  'docker',
  'update',
  '--restart',
  policy,
  ...names,
];

/** Keeps stopped containers stopped when the engine restarts. A prune may have removed them: succeeds all the same. */
export const dockerKeepStopped = (...names: string[]): Words => [
  'sh',
  '-c',
  `${wordsText(dockerUpdateRestart('no', ...names))} || :`,
];

/** How a program runs in a container. */
export interface DockerExecOptions {
  /** Pass the standard input on. Default false. */
  readonly input?: boolean | undefined;
  /** Allocate a terminal, and pass the standard input on. Default false. */
  readonly terminal?: boolean | undefined;
  /** Number or name, `user:group`. Default: that of the image. */
  readonly user?: string | undefined;
}

export const dockerExec = (
  name: string,
  words: Words,
  {input = false, terminal = false, user}: DockerExecOptions = {},
): Words => [
  'docker',
  'exec',
  ...(input || terminal ? ['--interactive'] : []),
  ...(terminal ? ['--tty'] : []),
  ...flag('--user', user),
  name,
  ...words,
];

/** The processes of a container, as the `ps` of the engine's machine prints them with these options. */
export const dockerTop = (name: string, options: Words): Words => ['docker', 'top', name, ...options];

/** `docker exec` with `stdin` as its standard input. */
export const dockerExecFed = (name: string, words: Words, stdin: string): Command => ({
  words: dockerExec(name, words, {input: true}),
  stdin,
});

/** Which lines `docker logs` prints, and how. */
export interface DockerLogsOptions {
  /** Lines to print. Default: all. */
  readonly tail?: number | undefined;
  /** Keep printing new output. Default false. */
  readonly follow?: boolean | undefined;
  /** Lines from this time on: `10m`, or a time in ISO 8601. Default: all. */
  readonly since?: string | undefined;
  /** Begin each line with its time, to the nanosecond. Default false. */
  readonly timestamps?: boolean | undefined;
}

export function dockerLogs(
  name: string,
  {tail, follow = false, since, timestamps = false}: DockerLogsOptions = {},
): Words {
  return [
    'docker',
    'logs',
    ...(follow ? ['--follow'] : []),
    ...(timestamps ? ['--timestamps'] : []),
    ...flag('--since', since),
    ...flag('--tail', tail?.toString()),
    name,
  ];
}

/** Ids of the containers with all these labels, running or not, one per line. */
export const dockerIds = (labels: Readonly<Record<string, string>>): Words => [
  'docker',
  'ps',
  '--all',
  '--quiet',
  ...labelFilters(labels),
];

/** Containers with all these labels, running or not, one per line in `format`. An undefined value matches any. */
export const dockerPs = (labels: Readonly<Record<string, string | undefined>>, format: string): Words => [
  'docker',
  'ps',
  '--all',
  '--no-trunc',
  ...labelFilters(labels),
  '--format',
  format,
];

export const dockerInspect = (name: string, format: string): Words => ['docker', 'inspect', '--format', format, name];

/** The host address of a container's port: `127.0.0.1:49153`. */
export const dockerPort = (name: string, port: number): Words => ['docker', 'port', name, `${port}/tcp`];

/** Files changed since the container was created. */
export const dockerDiff = (name: string): Words => ['docker', 'diff', name];

/**
 * Copies a file or a directory's content (`/path/.`) out of a container, running or not.
 * @example
 * await context.run(dockerCopyOut('buy-service.load', '/tmp/reports/.', 'reports'));
 */
export const dockerCopyOut = (name: string, path: string, to: string): Words => ['docker', 'cp', `${name}:${path}`, to];

export const dockerCopyIn = (from: string, name: string, path: string): Words => [
  'docker',
  'cp',
  from,
  `${name}:${path}`,
];
