import type {UsageError} from '../errors.ts';
import type {Option} from '../option.ts';
import {nearest} from '../text/nearest.ts';
import {kebab, type KnownTask, snake} from './tasks.ts';

/** What the command line says of the run as a whole. */
export interface Core {
  list: boolean;
  help: boolean;
  dryRun: boolean;
  echo: boolean;
  quiet: boolean;
  verbose: boolean;
  json: boolean;
  /** Undefined: by the terminal and NO_COLOR. */
  color: boolean | undefined;
  directory: string | undefined;
  version: boolean;
  complete: boolean;
}

export interface CoreFlag {
  readonly key: keyof Core;
  /** With dashes. */
  readonly long: string;
  readonly short?: string;
  /** What its value is called; without it the flag is a boolean. */
  readonly value?: string;
  readonly help: string;
  /** How the help shows it, where `--long` is not the usual form. */
  readonly shown?: string;
}

export const coreFlags: readonly CoreFlag[] = [
  {key: 'list', long: 'list', short: 'l', help: 'list the tasks'},
  {key: 'help', long: 'help', short: 'h', shown: '--help [TASK]', help: 'explain the command, or a task'},
  {key: 'dryRun', long: 'dry-run', short: 'n', help: 'change nothing: print a sh script that does it'},
  {key: 'echo', long: 'echo', shown: '--no-echo', help: 'do not print each command before it runs'},
  {key: 'quiet', long: 'quiet', short: 'q', help: 'print only results and errors'},
  {key: 'verbose', long: 'verbose', short: 'v', help: 'print also the commands that only look, and stacks of errors'},
  {key: 'json', long: 'json', help: 'print the result as JSON'},
  {key: 'color', long: 'color', shown: '--no-color', help: 'no colours; NO_COLOR=1 does the same'},
  {
    key: 'directory',
    long: 'directory',
    short: 'C',
    value: 'DIR',
    help: 'the service is in DIR; default: here, or the nearest directory above',
  },
  {key: 'version', long: 'version', help: 'print the version'},
  {
    key: 'complete',
    long: 'complete',
    shown: '--complete -- LINE',
    help: 'print the words that can end LINE, for shell completion',
  },
];

export function defaultCore(): Core {
  return {
    list: false,
    help: false,
    dryRun: false,
    echo: true,
    quiet: false,
    verbose: false,
    json: false,
    color: undefined,
    directory: undefined,
    version: false,
    complete: false,
  };
}

/**
 * The directory that the command line asks for, before any task is known.
 * A task with an option of that name may claim the flag later: the parser has the last word.
 */
export function directoryOf(argv: readonly string[]): string | undefined {
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length;
  const words = argv.slice(0, end);
  const at = words.findLastIndex((word) => word === '-C' || word === '--directory' || word.startsWith('--directory='));
  const word = words[at];
  return word?.startsWith('--directory=') ? word.slice('--directory='.length) : word && words[at + 1];
}

/** An option of a task as a flag. */
export interface TaskFlag {
  readonly key: string;
  /** With dashes. */
  readonly name: string;
  readonly option: Option<unknown>;
}

/** The options of a task, as flags. */
export function flagsOf(task: KnownTask): readonly TaskFlag[] {
  return Object.entries(task.facts.options).map(([key, option]) => ({key, name: kebab(key), option}));
}

/** The flag of that name; `no-` in front of it turns a boolean off. */
export function findFlag<F extends {readonly name: string}>(
  flags: readonly F[],
  name: string,
  isBoolean: (flag: F) => boolean,
): {flag: F; negated: boolean} | undefined {
  const exact = flags.find((flag) => flag.name === name);
  if (exact !== undefined) return {flag: exact, negated: false};
  const negated = flags.find((flag) => `no-${flag.name}` === name && isBoolean(flag));
  return negated && {flag: negated, negated: true};
}

/** What stands for the value of an option in a usage line. */
export function sampleOf(option: Option<unknown>): string {
  if (option.kind === 'choice') return (option.choices ?? []).join('|');
  return option.kind === 'number' ? 'NUMBER' : 'TEXT';
}

/** What is said of a flag that nobody has. */
export function unknownFlag(flag: string, task: KnownTask | undefined, tasks: readonly KnownTask[]): UsageError {
  const name = kebab(flag.slice(2));
  if (task === undefined) {
    const owner = tasks.find((candidate) => findFlag(flagsOf(candidate), name, () => true) !== undefined);
    if (owner !== undefined)
      return {
        what: `${flag} is not a flag of entrypoint itself`,
        fix: `put it behind its task: entrypoint ${snake(owner.name)} ${flag}`,
      };
  }
  const own =
    task === undefined
      ? []
      : flagsOf(task).flatMap((entry) => withNegation(entry.name, entry.option.kind === 'boolean'));
  const candidates = [...own, ...coreFlags.flatMap((entry) => withNegation(entry.long, entry.value === undefined))];
  const meant = nearest(name, candidates) ?? nearest(name.replace(/^no-/, ''), candidates);
  return {
    what: task === undefined ? `${flag} is not a flag` : `${flag} is not an option of ${snake(task.name)}`,
    meant: meant && `--${meant}`,
  };
}

function withNegation(name: string, boolean: boolean): readonly string[] {
  return boolean ? [name, `no-${name}`] : [name];
}
