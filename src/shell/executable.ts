import {accessSync, constants, statSync} from 'node:fs';
import {delimiter, join, resolve} from 'node:path';

/** Every executable file that a program's name can mean, in the order a shell searches PATH. */
export function executables(
  program: string,
  {directory, path}: {directory: string; path: string | undefined},
): string[] {
  const candidates = program.includes('/')
    ? [program]
    : (path ?? '').split(delimiter).map((name) => join(name, program));
  return candidates.map((name) => resolve(directory, name)).filter(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
