import {createHash} from 'node:crypto';
import {existsSync, mkdirSync, readFileSync, realpathSync, rmdirSync, rmSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {exitCode, messageOf, problem} from '../errors.ts';
import {readText} from '../text/file.ts';
import type {NewFile} from './files.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What `init` wrote into a directory: enough to take it back. */
interface InitRecord {
  /** By path, the hash of the text. */
  readonly files: Readonly<Record<string, string>>;
  /** Directories that were made for them, the outermost first. */
  readonly directories: readonly string[];
}

/** What taking back did. */
export interface Undone {
  readonly removed: readonly string[];
  /** Files that were edited since, and are left. */
  readonly edited: readonly string[];
}

const hashOf = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex');

/** Outside of the service's directory, so that its tree has nothing but the files. */
function recordFile(directory: string, env: Environment): string | undefined {
  const home = env['HOME'] ?? '';
  const state = env['XDG_STATE_HOME'] ?? (home === '' || home === '/' ? '' : join(home, '.local/state'));
  return state === ''
    ? undefined
    : join(state, 'entrypoint/init', `${hashOf(realpathSync(directory)).slice(0, 32)}.json`);
}

/**
 * Writes files that must not exist yet, all or none, and remembers them for {@link undo}.
 * @returns why they cannot be taken back, if so
 */
export function writeFiles(directory: string, files: readonly NewFile[], env: Environment): string | undefined {
  const written: string[] = [];
  const made: string[] = [];
  try {
    for (const {path, text} of files) {
      const parent = dirname(join(directory, path));
      for (const one of missingParents(parent)) {
        mkdirSync(one);
        made.push(one);
      }
      writeFileSync(join(directory, path), text, {flag: 'wx'});
      written.push(path);
    }
  } catch (error) {
    for (const path of written) rmSync(join(directory, path));
    for (const one of made.toReversed()) rmdirSync(one);
    throw problem({
      code: 'init_failed',
      what: `nothing was written: ${messageOf(error)}`,
      fix: `make the directory writable: ls -ld ${directory}`,
      cause: error,
    });
  }
  return remember(directory, files, made, env);
}

function missingParents(directory: string): readonly string[] {
  return existsSync(directory) ? [] : [...missingParents(dirname(directory)), directory];
}

function remember(
  directory: string,
  files: readonly NewFile[],
  made: readonly string[],
  env: Environment,
): string | undefined {
  const file = recordFile(directory, env);
  if (file === undefined) return 'HOME is not set: `init --undo` cannot take them back';
  // A second run adds what the first one left out, such as a workflow.
  const before = readRecord(file);
  const record: InitRecord = {
    files: {...before?.files, ...Object.fromEntries(files.map(({path, text}) => [path, hashOf(text)]))},
    directories: [...(before?.directories ?? []), ...made],
  };
  try {
    mkdirSync(dirname(file), {recursive: true});
    writeFileSync(file, JSON.stringify(record));
    return undefined;
  } catch (error) {
    return `\`init --undo\` cannot take them back: ${messageOf(error)}`;
  }
}

function readRecord(file: string | undefined): InitRecord | undefined {
  const text = file === undefined ? undefined : readText(file);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as InitRecord;
  } catch {
    // Cut off, as by a full disk: nothing is known then.
    return undefined;
  }
}

/** The files that {@link undo} would remove, and those that it would leave. */
export function undoable(directory: string, env: Environment): Undone {
  const record = readRecord(recordFile(directory, env));
  if (record === undefined) {
    throw problem({
      code: 'nothing_to_undo',
      what: `init has written nothing in ${directory} that is known here`,
      fix: 'remove its files by hand: git status shows them',
      exitCode: exitCode.badData,
    });
  }
  const there = Object.entries(record.files).filter(([path]) => existsSync(join(directory, path)));
  const same = ([path, hash]: readonly [string, string]): boolean =>
    hashOf(readFileSync(join(directory, path))) === hash;
  return {
    removed: there.filter(same).map(([path]) => path),
    edited: there.filter((one) => !same(one)).map(([path]) => path),
  };
}

/** Removes what `init` wrote, but files that were edited since; those stay remembered. */
export function undo(directory: string, env: Environment): Undone {
  const file = recordFile(directory, env);
  const record = readRecord(file);
  const {removed, edited} = undoable(directory, env);
  for (const path of removed) rmSync(join(directory, path));
  const left = (record?.directories ?? [])
    .toReversed()
    .filter((one) => !removeEmpty(one))
    .toReversed();
  if (file !== undefined && edited.length === 0) rmSync(file);
  else if (file !== undefined) {
    const files = Object.fromEntries(edited.map((path) => [path, record?.files[path] ?? '']));
    writeFileSync(file, JSON.stringify({files, directories: left}));
  }
  return {removed, edited};
}

function removeEmpty(directory: string): boolean {
  try {
    rmdirSync(directory);
    return true;
  } catch {
    return !existsSync(directory);
  }
}
