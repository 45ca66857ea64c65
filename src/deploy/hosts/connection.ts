import {sshText} from '../../commands/destination.ts';
import {dockerDiskUsage} from '../../commands/docker/index.ts';
import {type Sockets, sshInteractive, sshRun} from '../../commands/ssh.ts';
import {exitCode, isProblem, type Problem, problem} from '../../errors.ts';
import {engineProblem} from '../../image/engine.ts';
import {type Host, hostName, isRemote} from '../../service/hosts.ts';
import {type Command, type Commands, titled, toCommand, type Words} from '../../shell/argv.ts';
import type {Result, Runner, RunOptions, Scope} from '../../shell/index.ts';
import {retry} from '../../shell/retry.ts';
import {together} from '../../shell/script.ts';
import type {Context} from '../../task.ts';
import {socketsIn} from '../sockets.ts';
import {isRefusedConnection, sshProblem} from './ssh/failures.ts';

/** A host, and a context whose commands run there. */
export interface HostConnection {
  readonly host: Host;
  readonly context: Context;
  /** Where ssh keeps the sockets of shared connections. */
  readonly sockets: Sockets;
}

/** @param several prefix each line of output with the host's name: several hosts work concurrently */
export function connectionTo(context: Context, host: Host, several: boolean): HostConnection {
  const sockets = socketsIn(context.env);
  if (!isRemote(host)) return {host, context, sockets};
  const run = several ? context.run.prefixed(hostName(host)) : context.run;
  return {host, sockets, context: {...context, run: runnerOn(run, {host, sockets})}};
}

type Destination = Pick<HostConnection, 'host' | 'sockets'>;

/** The command to type here that runs `command` on the host. */
export const commandOn = ({host, sockets}: Destination, command: Words | Command): Words | Command =>
  isRemote(host) ? titledAs(command, sshRun(host, command, sockets)) : command;

const titledAs = (from: Words | Command, command: Command): Command => {
  const {title} = toCommand(from);
  return title === undefined ? command : titled(command, title);
};

/** The same for a program that reads the standard input, with a terminal or without. */
export const interactiveOn = ({host, sockets}: Destination, words: Words, terminal: boolean): Words | Command =>
  isRemote(host) ? sshInteractive(host, words, {terminal, sockets}) : words;

/** Runs the commands of `body` on the host as one step with a title. */
export const stepOn = <T>(
  connection: HostConnection,
  title: string,
  body: (connection: HostConnection) => Promise<T>,
): Promise<T> =>
  connection.context.run.step(title, (run) => body({...connection, context: {...connection.context, run}}));

/** A scope whose commands run on the host. */
export function scopeOn(scope: Scope, to: Destination): Scope {
  if (!isRemote(to.host)) return scope;
  return {
    always: (command) => scope.always(commandOn(to, command)),
    onFailure: (...commands) => scope.onFailure(...commands.map((command) => commandOn(to, command))),
    every: (seconds, commands, ended) =>
      scope.every(
        seconds,
        commands.map((command) => commandOn(to, command)),
        ended,
      ),
    keep: () => scope.keep(),
  };
}

/** How long a host can take for a read-only command, in seconds: the connection can be up while its engine hangs. */
const readSeconds = 60;

/** sshd refuses connections at random while too many log in (MaxStartups): over a jump host, those to all hosts. */
const patience = {attempts: 12, baseSeconds: 0.5, maxPauseSeconds: 4, deadlineSeconds: 30};

function runnerOn(run: Runner, to: Destination): Runner {
  const explained = <T>(body: () => Promise<T>): Promise<T> =>
    retry(body, patience, {isTransient: isRefusedConnection}).catch((error: unknown) => {
      throw sshProblem(to.host, error);
    });
  const there = (command: Words | Command): Command => titledAs(command, sshRun(to.host, command, to.sockets));
  return Object.assign(((command, options) => explained(() => run(there(command), options))) as Runner, {
    read: ((command, options) =>
      explained(() => run.read(there(command), {timeoutSeconds: readSeconds, ...options}))) as Runner['read'],
    scope: ((body) => run.scope((scope) => body(scopeOn(scope, to)))) as Runner['scope'],
    prefixed: (name: string) => runnerOn(run.prefixed(`${hostName(to.host)} ${name}`), to),
    step: ((title, body) => run.step(title, (inner) => body(runnerOn(inner, to)), hostName(to.host))) as Runner['step'],
    become: ((command) => run.become(there(command))) as Runner['become'],
    act: run.act,
    readSecrets: run.readSecrets,
  });
}

/**
 * Runs several commands on a host, stopping at the first failure: on another machine in one round trip, here one after
 * the other, each echoed on a line of its own. Returns the output of all of them.
 * @throws Problem `disk_full`, and those of the runner
 */
export async function runOn(connection: HostConnection, commands: Commands, options: RunOptions = {}): Promise<Result> {
  return runAll(connection, commands, options).catch(async (error: unknown) => {
    throw isDiskFull(error) ? await diskFull(connection, error) : engineDown(connection, error);
  });
}

const isDiskFull = (error: unknown): error is Problem =>
  isProblem(error) &&
  error.code === 'command_failed' &&
  error.details.some((line) => /no space left on device|ENOSPC|disk quota exceeded/i.test(line));

/** The same failure, of a host whose engine stopped answering. */
function engineDown({host}: HostConnection, error: unknown): unknown {
  if (!isProblem(error) || error.code !== 'command_failed') return error;
  const line = error.details.find((one) => /cannot connect to the docker daemon|error during connect/i.test(one));
  if (line === undefined) return error;
  const {message, fix} = engineProblem(line, isRemote(host) ? host : undefined);
  return problem({
    code: 'engine_unavailable',
    what: `${message}: ${error.message}`,
    details: error.details,
    fix,
    exitCode: exitCode.unavailable,
    cause: error,
  });
}

/** The same failure, with what takes the space and how to free it. */
async function diskFull({host, context: {run}}: HostConnection, error: Problem): Promise<Error> {
  const usage = await run.read(dockerDiskUsage, {timeoutSeconds: 20}).catch(() => undefined);
  const lines = (usage?.stdout ?? '').split('\n').filter((line) => line !== '');
  const there = (command: string): string => (isRemote(host) ? `${sshText(host)} ${command}` : command);
  return problem({
    code: 'disk_full',
    what: `no space left on ${isRemote(host) ? hostName(host) : 'this machine'}: ${error.message}`,
    details: [...error.details.filter((line) => /no space|ENOSPC|quota/i.test(line)).slice(-1), ...lines],
    fix: `free some, then run the same command again: ${there('docker image prune --all')} (images without a container), ${there('docker builder prune')} (build caches)`,
    exitCode: exitCode.unavailable,
    cause: error,
  });
}

// Linux takes no longer word of a command, here and on the host. @see execve(2), MAX_ARG_STRLEN
const longestWord = 131_071;

/** Whether a command can be sent to a host as one: many replicas with many variables can be too much. */
const fits = (host: Host, command: Command): boolean =>
  sshRun(host, command).words.every((word) => Buffer.byteLength(word) <= longestWord);

async function runAll(
  {host, context: {run}}: HostConnection,
  commands: Commands,
  options: RunOptions,
): Promise<Result> {
  if (isRemote(host) && (commands.length < 2 || fits(host, together(commands))))
    return run(together(commands), options);
  let all: Result = {exitCode: 0, stdout: '', stderr: '', seconds: 0};
  for (const command of commands) {
    const {stdout, stderr, seconds} = await run(command, options);
    all = {exitCode: 0, stdout: all.stdout + stdout, stderr: all.stderr + stderr, seconds: all.seconds + seconds};
  }
  return all;
}

/**
 * The engine no longer has a container, or is removing it: a prune took it. With `id`, one that was named by its full id, as
 * `docker run` does for what it has just created.
 * @see https://github.com/moby/moby/blob/v20.10.24/daemon/start.go: `marked for removal`
 */
export const isPrunedContainer = (error: unknown, {id = false}: {readonly id?: boolean} = {}): boolean =>
  isProblem(error) &&
  error.code === 'command_failed' &&
  error.details.some(
    (line) =>
      (id ? /No such container: [0-9a-f]{64}/i : /No such container: /i).test(line) ||
      /container is (?:marked for removal|dead) and cannot be started|removal of container \S+ is already in progress/i.test(
        line,
      ),
  );

// Those of `docker run` and of `docker create`.
const notCreatedCodes: ReadonlySet<number> = new Set([125, 1]);

/**
 * The image that `docker run` or `docker create` missed and could not pull: a prune took it since the survey or the pull,
 * and docker itself has no login for its registry.
 */
export const prunedImage = (error: unknown): string | undefined =>
  isProblem(error) && error.code === 'command_failed' && notCreatedCodes.has(error.exitCode)
    ? error.details.map((line) => /^Unable to find image '([^']+)' locally/.exec(line)?.[1]).find(Boolean)
    : undefined;
