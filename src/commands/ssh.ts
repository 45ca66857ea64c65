import type {Command, Words} from '../shell/argv.ts';
import {shellText, together} from '../shell/script.ts';

/**
 * The system's ssh with the user's own settings: keys, jump hosts, known hosts. It never prompts, detects a dead host
 * within seconds, and shares one connection per host for a minute: a new one costs a quarter of a second.
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

/** Runs a command on a host by ssh. Secrets travel on the standard input, never in words. */
export function sshRun(host: string, given: Words | Command): Command {
  const {stdin, secretInput, secretLines, ...command} = together([given]);
  const fed = stdin !== undefined || secretInput !== undefined || secretLines !== undefined;
  // -n: otherwise ssh would read the rest of a script that it is pasted into.
  return {
    words: ['ssh', ...(fed ? [] : ['-n']), ...options, host, '--', shellText(command)],
    stdin,
    secretInput,
    secretLines,
    host,
  };
}

/** The same with a terminal, for an interactive program. */
export const sshTerminal = (host: string, given: Words): Command => ({
  words: ['ssh', '-t', ...options, host, '--', shellText(given)],
  host,
});

/** Creates ~/.ssh, where ssh keeps the sockets of shared connections. */
export const sshDirectory: Words = ['sh', '-c', 'mkdir -p -m 700 ~/.ssh'];
