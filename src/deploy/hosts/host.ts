import {sshRun} from '../../commands/ssh.ts';
import {exitCode, isProblem, problem} from '../../errors.ts';
import type {Command, Words} from '../../shell/argv.ts';
import type {Runner, Scope} from '../../shell/index.ts';
import type {Context} from '../../task.ts';

/** `local`, or what ssh takes: `deploy@h1`, or a name from the user's own ssh settings. */
export type Host = string;

export const isRemote = (host: Host): boolean => host !== 'local';

/** The host's name as a part of an address. */
export const hostName = (host: Host): string => host.replace(/^.*@/, '');

/** ` on h1`, for a message; nothing where there is one engine and it is this one. */
export const onHost = (host: Host): string => (isRemote(host) ? ` on ${hostName(host)}` : '');

/** The same task, with its commands on a host. Several hosts work side by side, each with its name before its lines. */
export function contextOn(context: Context, host: Host, several: boolean): Context {
  if (!isRemote(host)) return context;
  return {...context, run: runnerOn(several ? context.run.prefixed(hostName(host)) : context.run, host)};
}

/** A command as it is typed here when it is to run there. */
export const commandOn = (host: Host, command: Words | Command): Words | Command => (isRemote(host) ? sshRun(host, command) : command);

/** Clean-up on a host. */
export function scopeOn(scope: Scope, host: Host): Scope {
  if (!isRemote(host)) return scope;
  return {
    always: (command) => scope.always(sshRun(host, command)),
    onFailure: (...commands) => scope.onFailure(...commands.map((command) => sshRun(host, command))),
    every: (seconds, commands, ended) => scope.every(seconds, commands.map((command) => sshRun(host, command)), ended),
    keep: () => scope.keep(),
  };
}

function runnerOn(run: Runner, host: Host): Runner {
  const clear = <T>(answer: Promise<T>): Promise<T> => answer.catch((error: unknown) => {
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
const failures: readonly (readonly [sign: RegExp, what: string, fix: (host: Host) => string])[] = [
  [/host key verification failed|no .* host key is known/i, 'its host key is not known', (host) => `look at it and accept it once: ssh ${host}; or add it to ~/.ssh/known_hosts`],
  [/remote host identification has changed/i, 'its host key has changed', (host) => `find out why, then: ssh-keygen -R ${hostName(host)}`],
  [/permission denied/i, 'it refuses the login', (host) => `add your key there (ssh-copy-id ${host}), or name another user: USER@${hostName(host)}`],
  [/connection refused/i, 'nothing listens at its ssh port', () => 'start sshd there, or set Port in ~/.ssh/config'],
  [/timed out|timeout|no route to host|network is unreachable/i, 'it cannot be reached', () => 'is it on, and does the network let you through? ssh -v tells more'],
  [/could not resolve|name or service not known/i, 'its name is not known', () => 'correct `hosts` in deploy.yaml, or add a Host to ~/.ssh/config'],
];

function sshProblem(host: Host, error: unknown): unknown {
  if (!isProblem(error) || error.exitCode !== 255) return error;
  const text = error.details.join('\n');
  const [, what = 'the connection to it broke', fix = () => `is it on, and does the network let you through? ssh -v ${host} tells more`] = failures.find(([sign]) => sign.test(text)) ?? [];
  return problem({
    code: 'host_unreachable',
    what: `${host} cannot be worked on: ${what}, and deploy.yaml names it`,
    details: error.details.slice(-3),
    fix: fix(host),
    exitCode: exitCode.unavailable,
    cause: error,
  });
}
