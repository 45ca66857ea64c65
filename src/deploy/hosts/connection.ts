import {dockerDiskUsage} from '../../commands/docker/index.ts';
import {sshRun} from '../../commands/ssh.ts';
import {exitCode, isProblem, type Problem, problem} from '../../errors.ts';
import {type Host, hostName, isRemote} from '../../service/hosts.ts';
import type {Command, Commands, Words} from '../../shell/argv.ts';
import type {Result, Runner, RunOptions, Scope} from '../../shell/index.ts';
import {together} from '../../shell/script.ts';
import type {Context} from '../../task.ts';

/** A host, and a context whose commands run there. */
export interface HostConnection {
  readonly host: Host;
  readonly context: Context;
}

/** @param several prefix each line of output with the host's name: several hosts work concurrently */
export const connectionTo = (context: Context, host: Host, several: boolean): HostConnection => ({
  host,
  context: isRemote(host)
    ? {...context, run: runnerOn(several ? context.run.prefixed(hostName(host)) : context.run, host)}
    : context,
});

/** The command to type here that runs `command` on the host. */
export const commandOn = (host: Host, command: Words | Command): Words | Command =>
  isRemote(host) ? sshRun(host, command) : command;

/** A scope whose commands run on the host. */
export function scopeOn(scope: Scope, host: Host): Scope {
  if (!isRemote(host)) return scope;
  return {
    always: (command) => scope.always(sshRun(host, command)),
    onFailure: (...commands) => scope.onFailure(...commands.map((command) => sshRun(host, command))),
    every: (seconds, commands, ended) =>
      scope.every(
        seconds,
        commands.map((command) => sshRun(host, command)),
        ended,
      ),
    keep: () => scope.keep(),
  };
}

function runnerOn(run: Runner, host: Host): Runner {
  const explained = <T>(running: Promise<T>): Promise<T> =>
    running.catch((error: unknown) => {
      throw sshProblem(host, error);
    });
  return Object.assign(((command, options) => explained(run(sshRun(host, command), options))) as Runner, {
    read: ((command, options) => explained(run.read(sshRun(host, command), options))) as Runner['read'],
    scope: ((body) => run.scope((scope) => body(scopeOn(scope, host)))) as Runner['scope'],
    prefixed: (name: string) => runnerOn(run.prefixed(`${hostName(host)} ${name}`), host),
    become: ((command) => run.become(sshRun(host, command))) as Runner['become'],
    act: run.act,
  });
}

interface SshFailure {
  /** Matches ssh's output. */
  readonly pattern: RegExp;
  readonly what: (host: Host) => string;
  readonly fix: (host: Host) => string;
}

const sshFailures: readonly SshFailure[] = [
  {
    pattern: /host key verification failed|no .* host key is known/i,
    what: (host) => `the host key of ${host} is unknown`,
    fix: (host) => `check it and accept it once: ssh ${host}; or add it to ~/.ssh/known_hosts`,
  },
  {
    pattern: /remote host identification has changed/i,
    what: (host) => `the host key of ${host} has changed`,
    fix: (host) => `find out why, then: ssh-keygen -R ${hostName(host)}`,
  },
  {
    pattern: /permission denied/i,
    what: (host) => `cannot log in to ${host}`,
    fix: (host) => `add your key there (ssh-copy-id ${host}), or name another user: USER@${hostName(host)}`,
  },
  {
    pattern: /connection refused/i,
    what: (host) => `nothing listens on the ssh port of ${host}`,
    fix: () => 'start sshd there, or set Port in ~/.ssh/config',
  },
  {
    pattern: /timed out|timeout|no route to host|network is unreachable/i,
    what: (host) => `cannot reach ${host}`,
    fix: (host) => `check that it is up and reachable: ssh -v ${host}`,
  },
  {
    pattern: /could not resolve|name or service not known/i,
    what: (host) => `cannot resolve the name of ${host}`,
    fix: () => 'correct `hosts` in deploy.yaml, or add a Host to ~/.ssh/config',
  },
];

const connectionBroke: Omit<SshFailure, 'pattern'> = {
  what: (host) => `the connection to ${host} broke`,
  fix: (host) => `check that it is up and reachable: ssh -v ${host}`,
};

// ssh exits with 255 when ssh itself failed, and otherwise with the command's own code.
const sshFailed = 255;

function sshProblem(host: Host, error: unknown): unknown {
  if (!isProblem(error)) return error;
  if (error.code === 'command_not_found') {
    return problem({
      ...error,
      what: error.message,
      fix: 'install the ssh client (Debian, Ubuntu: apt-get install openssh-client)',
      cause: error,
    });
  }
  if (error.exitCode !== sshFailed) return error;
  const text = error.details.join('\n');
  const {what, fix} = sshFailures.find(({pattern}) => pattern.test(text)) ?? connectionBroke;
  return problem({
    code: 'host_unreachable',
    what: `${what(host)} (listed in deploy.yaml)`,
    details: error.details.slice(-3),
    fix: fix(host),
    exitCode: exitCode.unavailable,
    cause: error,
  });
}

/**
 * Runs several commands on a host, stopping at the first failure: on another machine in one round trip, here one after
 * the other, each echoed on a line of its own. Returns the output of all of them.
 * @throws Problem `disk_full`, and those of the runner
 */
export async function runOn(connection: HostConnection, commands: Commands, options: RunOptions = {}): Promise<Result> {
  return runAll(connection, commands, options).catch(async (error: unknown) => {
    throw isDiskFull(error) ? await diskFull(connection, error) : error;
  });
}

const isDiskFull = (error: unknown): error is Problem =>
  isProblem(error) &&
  error.code === 'command_failed' &&
  error.details.some((line) => /no space left on device|ENOSPC|disk quota exceeded/i.test(line));

/** The same failure, with what takes the space and how to free it. */
async function diskFull({host, context: {run}}: HostConnection, error: Problem): Promise<Error> {
  const usage = await run.read(dockerDiskUsage, {timeoutSeconds: 20}).catch(() => undefined);
  const lines = (usage?.stdout ?? '').split('\n').filter((line) => line !== '');
  const there = (command: string): string => (isRemote(host) ? `ssh ${host} ${command}` : command);
  return problem({
    code: 'disk_full',
    what: `no space left on ${isRemote(host) ? hostName(host) : 'this machine'}: ${error.message}`,
    details: [...error.details.filter((line) => /no space|ENOSPC|quota/i.test(line)).slice(-1), ...lines],
    fix: `free some, then run the same command again: ${there('docker image prune --all')} (images without a container), ${there('docker builder prune')} (build caches)`,
    exitCode: exitCode.unavailable,
    cause: error,
  });
}

async function runAll(
  {host, context: {run}}: HostConnection,
  commands: Commands,
  options: RunOptions,
): Promise<Result> {
  if (isRemote(host)) return run(together(commands), options);
  let all: Result = {exitCode: 0, stdout: '', stderr: '', seconds: 0};
  for (const command of commands) {
    const {stdout, stderr, seconds} = await run(command, options);
    all = {exitCode: 0, stdout: all.stdout + stdout, stderr: all.stderr + stderr, seconds: all.seconds + seconds};
  }
  return all;
}
