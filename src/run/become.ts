import {statSync, accessSync, constants} from 'node:fs';
import {delimiter, join} from 'node:path';
import type {Command} from '../argv.ts';
import {exitCode, problem} from '../errors.ts';

/**
 * Replaces this process by the command: same pid, no memory of ours left, its exit code is the container's.
 * Nothing may have used process.stdout before: a pipe would stay non-blocking for the new program.
 */
export async function become(command: Command, {cwd, env}: {cwd: string; env: Readonly<Record<string, string | undefined>>}): Promise<void> {
  const [program = ''] = command.words;
  const path = findProgram(program, env['PATH'] ?? '');
  if (path === undefined) {
    throw problem({
      code: 'command_not_found',
      what: `${program} is not found on PATH, and this task needs it`,
      fix: `install ${program}, or put its folder on PATH`,
      exitCode: exitCode.unavailable,
    });
  }
  process.chdir(command.cwd ?? cwd);
  // Node ignores these two; ignored signals stay ignored in the new program unless somebody handles them now.
  process.on('SIGPIPE', () => {});
  process.on('SIGXFSZ', () => {});
  const words: Record<string, string> = {};
  for (const [name, value] of Object.entries({...env, ...command.env})) if (value !== undefined) words[name] = value;
  // The warning that execve is experimental is not for the user of a service.
  process.removeAllListeners('warning');
  process.execve?.(path, command.words as string[], words);
}

function findProgram(program: string, path: string): string | undefined {
  if (program.includes('/')) return program;
  return path.split(delimiter).map((folder) => join(folder, program)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
