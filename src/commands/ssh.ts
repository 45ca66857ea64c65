import type {Command, Words} from '../shell/argv.ts';
import {shellText, together} from '../shell/script.ts';

/**
 * The system's ssh, with the user's own settings (keys, jump hosts, known hosts). Asks nothing, notices within seconds
 * that a host is gone, and shares one connection for a minute: a new one costs a quarter of a second.
 */
const options: Words = [
  '-o',
  'BatchMode=yes',
  '-o',
  'ConnectTimeout=10',
  '-o',
  'ServerAliveInterval=2',
  '-o',
  'ServerAliveCountMax=5',
  '-o',
  'ControlMaster=auto',
  '-o',
  'ControlPersist=60',
  '-o',
  'ControlPath=~/.ssh/entrypoint-%C',
];

/** Runs a command on a host by ssh. Its secrets travel on the standard input, not in words. */
export function sshRun(host: string, given: Words | Command): Command {
  const {stdin, secretInput, secretLines, ...command} = together([given]);
  const fed = stdin !== undefined || secretInput !== undefined || secretLines !== undefined;
  // -n: otherwise ssh reads on from the script that it stands in.
  return {
    words: ['ssh', ...(fed ? [] : ['-n']), ...options, host, '--', shellText(command)],
    stdin,
    secretInput,
    secretLines,
  };
}

/** The same for a program that talks to the user: with a terminal. */
export const sshTerminal = (host: string, given: Words): Command => ({
  words: ['ssh', '-t', ...options, host, '--', shellText(given)],
});

/** Where ssh keeps the shared connections; a user who never used ssh does not have it. */
export const sshDirectory: Words = ['sh', '-c', 'mkdir -p -m 700 ~/.ssh'];
