import {resolve} from 'node:path';
import type {Command} from './argv.ts';
import {executables} from './executable.ts';
import {secretValues} from './secrets.ts';
import {notFound, secretWorld} from './spawn.ts';

/**
 * Replaces this process by the command (execve): same pid, none of our memory left, its exit code is the container's.
 * Nothing may use process.stdout before: a pipe would stay non-blocking for the new program.
 * @throws Problem `command_not_found` (exit code 69) when there is no such program
 */
export async function become(
  command: Command,
  {cwd, env}: {cwd: string; env: Readonly<Record<string, string | undefined>>},
): Promise<void> {
  const directory = resolve(cwd, command.cwd ?? '.');
  const [program = ''] = command.words;
  const [path] = executables(program, {directory, path: env['PATH']});
  if (path === undefined) throw notFound(program);
  const secrets = await secretValues(command, secretWorld({cwd: directory, env}));
  process.chdir(directory);
  // Node ignores these two. An ignored signal stays ignored across execve; a handled one is reset to its default.
  process.on('SIGPIPE', () => {});
  process.on('SIGXFSZ', () => {});
  const words: Record<string, string> = {};
  for (const [name, value] of Object.entries({...env, ...command.env, ...secrets}))
    if (value !== undefined) words[name] = value;
  // Users of a service need no warning that execve is experimental.
  process.removeAllListeners('warning');
  process.execve?.(path, command.words as string[], words);
}
