import {existsSync, readdirSync, statSync} from 'node:fs';
import {extname, join, resolve} from 'node:path';
import {usageProblem} from '../../errors.ts';
import {readText} from '../../text/file.ts';
import type {FileArgument} from './audit.ts';
import type {SourceFile} from './source.ts';

/** `prod=etc/app.ini`, unless there is a file of that name. */
export function fileArgument(cwd: string, word: string): FileArgument {
  const [, environment, file = ''] = /^([\w.-]+)=(.+)$/.exec(word) ?? [];
  return environment === undefined || existsSync(resolve(cwd, word)) ? {file: word} : {file, environment};
}

const notSource = new Set(['node_modules', 'dist', 'build', 'target', 'vendor', 'venv', '__pycache__', 'coverage']);
const binary = /\.(png|jpe?g|gif|webp|ico|pdf|zip|gz|jar|class|pyc|so|woff2?|ttf|mp4|sqlite3?|db|map)$/i;
const largest = 2_000_000;

/**
 * The source in a file or a directory; hidden and installed directories are not source.
 * @throws Problem `usage` (exit code 64) if there is no such file or directory
 */
export function sourceFiles(cwd: string, path: string, note: (text: string) => void): readonly SourceFile[] {
  const whole = resolve(cwd, path);
  const stats = statSync(whole, {throwIfNoEntry: false});
  if (stats === undefined)
    throw usageProblem(`no such file or directory: ${path}`, '--source=PATH of the code that reads the files');
  if (stats.isDirectory())
    return readdirSync(whole)
      .filter((name) => !name.startsWith('.') && !notSource.has(name))
      .flatMap((name) => sourceFiles(cwd, join(path, name), note));
  if (!stats.isFile() || binary.test(extname(path))) return [];
  if (stats.size > largest) {
    note(`${path} is not searched: it is larger than ${largest / 1e6} MB`);
    return [];
  }
  const text = readText(whole) ?? '';
  return text.includes('\0') ? [] : [{file: path, text}];
}
