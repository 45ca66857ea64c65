import type {Command, Words} from '../shell/argv.ts';
import {shellText, together} from '../shell/script.ts';
import {destinationWords} from './destination.ts';
import {loginShellText} from './login-shell.ts';

/** Where ssh keeps the sockets of shared connections, as its option ControlPath; `none`: connections are not shared. */
export type Sockets = string;

/** In the user's home directory: where they are unless that is read-only or its name is long. */
export const homeSockets: Sockets = '~/.ssh/entrypoint-%C';

/** Connections that are not shared. */
export const noSockets: Sockets = 'none';

/**
 * The system's ssh with the user's own settings: keys, jump hosts, known hosts. It never prompts, detects a dead host
 * within seconds, and shares one connection per host for a minute: a new one costs a quarter of a second.
 *
 * What a user sets for sessions of their own is switched off: a terminal, a command, forwarded ports, work in the
 * background, no messages. The first word of each value wins, so a setting here wins over the files. An ssh that is older
 * than a setting does not know it, and has nothing to switch off: IgnoreUnknown, for which `*` keeps what the user ignores.
 */
const optionsWith = (sockets: Sockets): Words =>
  [
    'IgnoreUnknown=*',
    'BatchMode=yes',
    'ConnectTimeout=10',
    'ServerAliveInterval=2',
    'ServerAliveCountMax=5',
    ...(sockets === noSockets
      ? ['ControlMaster=no', 'ControlPath=none']
      : ['ControlMaster=auto', 'ControlPersist=60', `ControlPath=${sockets}`]),
    'RemoteCommand=none',
    'SessionType=default',
    'ForkAfterAuthentication=no',
    'ClearAllForwardings=yes',
    'ForwardX11=no',
    'Tunnel=no',
    'PermitLocalCommand=no',
    'LogLevel=INFO',
  ].map((option) => `-o${option}`);

/** Runs a command on a host by ssh. Secrets travel on the standard input, never in words. */
export function sshRun(host: string, given: Words | Command, sockets: Sockets = homeSockets): Command {
  const {stdin, secretInput, secretLines, ...command} = together([given]);
  const fed = stdin !== undefined || secretInput !== undefined || secretLines !== undefined;
  const text = loginShellText(shellText(command));
  return {
    // -n: otherwise ssh would read the rest of a script that it is pasted into.
    words: [
      'ssh',
      fed ? '-T' : '-nT',
      ...optionsWith(sockets),
      ...fedOption(fed),
      ...destinationWords(host),
      '--',
      text,
    ],
    stdin,
    secretInput,
    secretLines,
    host,
  };
}

// The opposite of -n, against a setting of the user.
const fedOption = (fed: boolean): Words => (fed ? ['-oStdinNull=no'] : []);

/**
 * The same for a program that reads this process's own standard input.
 * @param terminal whether it needs a terminal
 */
export const sshInteractive = (
  host: string,
  given: Words,
  {terminal, sockets = homeSockets}: {readonly terminal: boolean; readonly sockets?: Sockets},
): Command => ({
  words: [
    'ssh',
    terminal ? '-t' : '-T',
    ...optionsWith(sockets),
    ...fedOption(true),
    ...destinationWords(host),
    '--',
    loginShellText(shellText(given)),
  ],
  host,
});

/** Creates ~/.ssh, where ssh keeps the sockets of shared connections. */
export const sshDirectory: Words = ['sh', '-c', 'mkdir -p -m 700 ~/.ssh'];
