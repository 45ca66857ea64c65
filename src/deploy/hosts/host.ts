import {sshRun} from '../../commands/ssh.ts';
import {exitCode, isProblem, problem} from '../../errors.ts';
import {type Host, hostName, isRemote} from '../../service/hosts.ts';
import type {Command, Commands, Words} from '../../shell/argv.ts';
import type {Result, Runner, RunOptions, Scope} from '../../shell/index.ts';
import {together} from '../../shell/script.ts';
import type {Context} from '../../task.ts';

/** The same task, with its commands on a host. Several hosts work side by side, each with its name before its lines. */
export function contextOn(context: Context, host: Host, several: boolean): Context {
  if (!isRemote(host)) return context;
  return {...context, run: runnerOn(several ? context.run.prefixed(hostName(host)) : context.run, host)};
}

/** A command as it is typed here when it is to run there. */
export const commandOn = (host: Host, command: Words | Command): Words | Command =>
  isRemote(host) ? sshRun(host, command) : command;

/** Clean-up on a host. */
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
  const clear = <T>(answer: Promise<T>): Promise<T> =>
    answer.catch((error: unknown) => {
      throw sshProblem(host, error);
    });
  return Object.assign(((command, options) => clear(run(sshRun(host, command), options))) as Runner, {
    read: ((command, options) => clear(run.read(sshRun(host, command), options))) as Runner['read'],
    scope: ((body) => run.scope((scope) => body(scopeOn(scope, host)))) as Runner['scope'],
    prefixed: (name: string) => runnerOn(run.prefixed(`${hostName(host)} ${name}`), host),
    become: ((command) => run.become(sshRun(host, command))) as Runner['become'],
    act: run.act,
  });
}

// ssh ends with 255 when it is ssh that failed, and not the command.
const sshFailures: readonly (readonly [sign: RegExp, what: string, fix: (host: Host) => string])[] = [
  [
    /host key verification failed|no .* host key is known/i,
    'its host key is not known',
    (host) => `look at it and accept it once: ssh ${host}; or add it to ~/.ssh/known_hosts`,
  ],
  [
    /remote host identification has changed/i,
    'its host key has changed',
    (host) => `find out why, then: ssh-keygen -R ${hostName(host)}`,
  ],
  [
    /permission denied/i,
    'it refuses the login',
    (host) => `add your key there (ssh-copy-id ${host}), or name another user: USER@${hostName(host)}`,
  ],
  [/connection refused/i, 'nothing listens at its ssh port', () => 'start sshd there, or set Port in ~/.ssh/config'],
  [
    /timed out|timeout|no route to host|network is unreachable/i,
    'it cannot be reached',
    () => 'is it on, and does the network let you through? ssh -v tells more',
  ],
  [
    /could not resolve|name or service not known/i,
    'its name is not known',
    () => 'correct `hosts` in deploy.yaml, or add a Host to ~/.ssh/config',
  ],
];

function sshProblem(host: Host, error: unknown): unknown {
  if (!isProblem(error) || error.exitCode !== 255) return error;
  const text = error.details.join('\n');
  const [
    ,
    what = 'the connection to it broke',
    fix = () => `is it on, and does the network let you through? ssh -v ${host} tells more`,
  ] = sshFailures.find(([sign]) => sign.test(text)) ?? [];
  return problem({
    code: 'host_unreachable',
    what: `${host} cannot be worked on: ${what}, and deploy.yaml names it`,
    details: error.details.slice(-3),
    fix: fix(host),
    exitCode: exitCode.unavailable,
    cause: error,
  });
}

/** One of the hosts that a task works on, with what reaches it. */
export interface Site {
  readonly host: Host;
  readonly context: Context;
}

/** Several hosts work side by side, each with its name before its lines. */
export const siteOf = (context: Context, host: Host, several: boolean): Site => ({
  host,
  context: contextOn(context, host, several),
});

/**
 * Runs several commands on a host, which ends at the first that fails: as one round trip where it is another machine,
 * else one after the other, each in a line of its own. Gives what all of them said.
 */
export async function runOn(
  {host, context: {run}}: Site,
  commands: Commands,
  options: RunOptions = {},
): Promise<Result> {
  if (isRemote(host)) return run(together(commands), options);
  let all: Result = {exitCode: 0, stdout: '', stderr: '', seconds: 0};
  for (const command of commands) {
    const {stdout, stderr, seconds} = await run(command, options);
    all = {exitCode: 0, stdout: all.stdout + stdout, stderr: all.stderr + stderr, seconds: all.seconds + seconds};
  }
  return all;
}

/**
 * Does a step on all hosts side by side, at most `limit` at a time. Waits for every one, also where one fails: nothing
 * may go on behind a clean-up. Of several failures the first one in the order of the hosts is thrown.
 */
export async function each<S, T>(sites: readonly S[], step: (site: S) => Promise<T>, limit = Infinity): Promise<T[]> {
  const ended = await settle(sites, step, limit);
  const failures = ended.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
  // Ctrl-C ends all of them, and one that failed by itself tells more.
  const failure = failures.find((one) => !isProblem(one) || one.code !== 'interrupted') ?? failures[0];
  if (failures.length > 0) throw failure;
  return ended.map((one) => (one as PromiseFulfilledResult<T>).value);
}

/** The same where a failure is an answer. */
export async function settle<S, T>(
  sites: readonly S[],
  step: (site: S) => Promise<T>,
  limit = Infinity,
): Promise<PromiseSettledResult<T>[]> {
  const ended: PromiseSettledResult<T>[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < sites.length; index = next++) {
      ended[index] = await step(sites[index] as S).then(
        (value) => ({status: 'fulfilled' as const, value}),
        (reason: unknown) => ({status: 'rejected' as const, reason}),
      );
    }
  };
  await Promise.all(Array.from({length: Math.min(limit, sites.length)}, worker));
  return ended;
}
