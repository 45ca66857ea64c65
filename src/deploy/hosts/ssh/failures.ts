import {parseDestination, sshText} from '../../../commands/destination.ts';
import {exitCode, isProblem, type Problem, problem} from '../../../errors.ts';
import type {Host} from '../../../service/hosts.ts';

interface SshFailure {
  /** Matches ssh's own messages; a banner of the host can have any text. */
  readonly pattern: RegExp;
  readonly what: (host: Host) => string;
  readonly fix: (host: Host) => string;
}

const debug = (host: Host): string => `check that it is up and reachable: ${sshText(host).replace('ssh', 'ssh -v')}`;

const sshFailures: readonly SshFailure[] = [
  {
    pattern: /^No user exists for uid/m,
    what: () => 'ssh does not run as a user without an entry in /etc/passwd',
    fix: () => 'add one for this user; the images of entrypoint do it themselves',
  },
  {
    pattern: /^Bad owner or permissions on/m,
    what: (host) => `ssh refuses its own configuration, and does not connect to ${host}`,
    fix: () => 'make the file belong to you, and writable for you alone: chmod 600 ~/.ssh/config',
  },
  {
    pattern: /terminating, \d+ bad configuration options|^\S+ line \d+: /m,
    what: (host) => `ssh cannot read its configuration, and does not connect to ${host}`,
    fix: (host) => `correct it until this answers: ${sshText(host)}`,
  },
  {
    pattern: /remote host identification has changed/i,
    what: (host) => `the host key of ${host} has changed`,
    fix: (host) => `find out why, then: ssh-keygen -R ${knownAs(host)}`,
  },
  {
    pattern: /^host key verification failed|^no .* host key is known/im,
    what: (host) => `the host key of ${host} is unknown`,
    fix: (host) => `check it and accept it once: ${sshText(host)}; or add it to ~/.ssh/known_hosts`,
  },
  {
    pattern: /unprotected private key file/i,
    what: (host) => `cannot log in to ${host}: ssh refuses a key that others can read`,
    fix: () => 'chmod 600 the key that is named above',
  },
  {
    // ssh has no name for the other end of a jump host's connection.
    pattern: /permission denied \([^]*UNKNOWN port 65535/i,
    what: (host) => `the jump host of ${host} refuses the login`,
    fix: (host) => `correct its user or key in ~/.ssh/config until this answers: ${sshText(host)}`,
  },
  {
    pattern: /permission denied \(|too many authentication failures/i,
    what: (host) => `cannot log in to ${host}`,
    fix: (host) =>
      `add your key there (${sshText(host, 'ssh-copy-id')}), or name another user: USER@${parseDestination(host).name}`,
  },
  {
    pattern: /no matching .* found/i,
    what: (host) => `${host} and this ssh have no algorithm in common`,
    fix: () => 'update the older of the two, or allow the algorithm for this Host in ~/.ssh/config',
  },
  {
    pattern: /(?:connect to host|connect failed).*connection refused/i,
    what: (host) => `nothing listens on the ssh port of ${host}`,
    fix: () => 'start sshd there, or set Port in ~/.ssh/config',
  },
  {
    pattern: /timed out|timeout|not responding|no route to host|network is unreachable/i,
    what: (host) => `cannot reach ${host}`,
    fix: debug,
  },
  {
    pattern: /could not resolve|name or service not known/i,
    what: (host) => `cannot resolve the name of ${host}`,
    fix: () => 'correct `hosts` in deploy.yaml, or add a Host to ~/.ssh/config',
  },
  {
    pattern: /exchange_identification|banner exchange/,
    what: (host) => `sshd of ${host} closed the connection before the login`,
    fix: () =>
      'look there for a limit (MaxStartups, fail2ban); `parallel` in deploy.yaml is the number of hosts at a time',
  },
];

const connectionBroke: Omit<SshFailure, 'pattern'> = {what: (host) => `the connection to ${host} broke`, fix: debug};

// A port other than 22 is part of a name in known_hosts.
function knownAs(host: Host): string {
  const {name, port} = parseDestination(host);
  return port === undefined || port === '22' ? name : `'[${name}]:${port}'`;
}

// ssh exits with 255 when ssh itself failed, and otherwise with the command's own code.
const sshFailed = 255;

/** An error of a command on a host: a failure of ssh itself with its cause and its fix, any other as it is. */
export function sshProblem(host: Host, error: unknown): unknown {
  if (!isProblem(error)) return error;
  if (error.code === 'command_not_found') {
    return problem({
      ...error,
      what: error.message,
      fix: 'install the ssh client (Debian, Ubuntu: apt-get install openssh-client)',
      cause: error,
    });
  }
  if (isSilence(error)) {
    return unreachable(error, {
      what: `${host} does not answer: ${/timed out after \d+ s/.exec(error.message)?.[0] ?? 'timed out'}`,
      fix: `find out what it waits for: ${sshText(host)} docker ps`,
    });
  }
  if (error.exitCode !== sshFailed) return error;
  const text = error.details.join('\n');
  const {what, fix} = sshFailures.find(({pattern}) => pattern.test(text)) ?? connectionBroke;
  return unreachable(error, {what: what(host), fix: fix(host)});
}

const unreachable = (error: Problem, {what, fix}: {what: string; fix: string}): Problem =>
  problem({
    code: 'host_unreachable',
    what: `${what} (listed in deploy.yaml)`,
    details: error.details.slice(-3),
    fix,
    exitCode: exitCode.unavailable,
    cause: error,
  });

const isSilence = (error: Problem): boolean =>
  error.exitCode === exitCode.timedOut && /command timed out after/.test(error.message);

/** Whether sshd refused a connection before the login: the command has not begun, and can be repeated. */
export const isRefusedConnection = (error: unknown): boolean =>
  isProblem(error) &&
  error.exitCode === sshFailed &&
  error.details.some((line) => /^(?:kex|ssh)_exchange_identification: |banner exchange: Connection/.test(line));

/**
 * The error for a host whose login shell ran no command; undefined if it did.
 * @param output of the command, which failed
 */
export function loginShellProblem(host: Host, output: string): Error | undefined {
  if (!/currently not available|restricted|(?:^|\W)sh: (?:command )?not found|unknown command: sh\b/im.test(output))
    return undefined;
  return problem({
    code: 'host_unreachable',
    what: `the login shell of ${host} runs no commands`,
    details: output.trim().split('\n').slice(-2),
    fix: `give that user a shell that runs sh (chsh -s /bin/sh), or name another user: USER@${parseDestination(host).name}`,
    exitCode: exitCode.unavailable,
  });
}
