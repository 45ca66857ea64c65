import {commandText, quote, toCommand, wordsText} from '../argv.ts';
import type {Command, Words} from '../argv.ts';

/**
 * The system's ssh, with the user's own settings (keys, jump hosts, known hosts). Asks nothing, notices within seconds
 * that a host is gone, and shares one connection for a minute: a new one costs a quarter of a second.
 */
const options: Words = [
  '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=10', '-o', 'ServerAliveInterval=2', '-o', 'ServerAliveCountMax=5',
  '-o', 'ControlMaster=auto', '-o', 'ControlPersist=60', '-o', 'ControlPath=~/.ssh/entrypoint-%C',
];

/** Runs a command on a host by ssh. Its secrets travel on the standard input, not in words. */
export function sshRun(host: string, given: Words | Command): Command {
  const {secrets = {}, stdin, ...command} = toCommand(given);
  const names = Object.keys(secrets);
  // -n: otherwise ssh reads on from the script that it stands in.
  const words = (remote: string): Words => ['ssh', ...(names.length === 0 && stdin === undefined ? ['-n'] : []), ...options, host, '--', remote];
  if (names.length === 0) return {words: words(commandText(command)), stdin};
  return {words: words(withSecretFile(command, names)), secretLines: secrets};
}

// The file is there, for its owner alone, until the container has started; docker's client reads it at once.
function withSecretFile({words}: Command, names: readonly string[]): string {
  const rest = words.filter((word, index) => !(word === '--env' && names.includes(words[index + 1] ?? '')) && !(words[index - 1] === '--env' && names.includes(word)));
  const [docker = '', verb = '', ...others] = rest;
  return `umask 077; f=$(mktemp) || exit; trap 'rm -f "$f"' EXIT; cat >"$f"; ${wordsText([docker, verb])} --env-file "$f" ${others.map(quote).join(' ')}`;
}

/** Where ssh keeps the shared connections; a user who never used ssh does not have it. */
export const sshFolder: Words = ['sh', '-c', 'mkdir -p -m 700 ~/.ssh'];
