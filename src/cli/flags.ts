import type {UsageError} from '../errors.ts';
import {type Option, valueNameOf} from '../option.ts';
import {kebab, snake} from '../text/names.ts';
import {nearest} from '../text/nearest.ts';
import type {KnownTask} from './tasks.ts';

/** The flags of the run as a whole. */
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
  readonly name: string;
  readonly short?: string;
  /** Name of its value in usage lines; undefined for a switch. */
  readonly value?: string;
  readonly help: string;
  /** Its form in the help, if not `--name`. */
  readonly shown?: string;
}

export const coreFlags: readonly CoreFlag[] = [
  {key: 'list', name: 'list', short: 'l', help: 'list the tasks'},
  {key: 'help', name: 'help', short: 'h', shown: '--help [TASK]', help: 'explain the command or a task'},
  {key: 'dryRun', name: 'dry-run', short: 'n', help: 'change nothing: print a sh script that does the same'},
  {key: 'echo', name: 'echo', shown: '--no-echo', help: 'do not print each command before it runs'},
  {key: 'quiet', name: 'quiet', short: 'q', help: 'print only results and errors'},
  {
    key: 'verbose',
    name: 'verbose',
    short: 'v',
    help: 'print every command in full, read-only ones too, and stack traces',
  },
  {key: 'json', name: 'json', help: 'print the result as JSON'},
  {key: 'color', name: 'color', shown: '--no-color', help: 'print no colours; NO_COLOR=1 does the same'},
  {
    key: 'directory',
    name: 'directory',
    short: 'C',
    value: 'DIR',
    help: 'directory of the service; default: this one, or the nearest parent with a service',
  },
  {key: 'version', name: 'version', help: 'print the version'},
  {
    key: 'complete',
    name: 'complete',
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

/** An option of a task as a flag. */
export interface TaskFlag {
  readonly key: string;
  /** With dashes. */
  readonly name: string;
  readonly option: Option<unknown>;
  /** Name of its value in usage lines; undefined for a switch. */
  readonly value: string | undefined;
}

/** The options of a task, as flags. */
export function flagsOf(task: KnownTask): readonly TaskFlag[] {
  return Object.entries(task.description.options).map(([key, option]) => ({
    key,
    name: kebab(key),
    option,
    value: valueNameOf(option),
  }));
}

/** The error for a flag that neither the task nor the command has. */
export function unknownFlag(flag: string, task: KnownTask | undefined, tasks: readonly KnownTask[]): UsageError {
  if (!flag.startsWith('--'))
    return {what: `${flag} is not a flag`, fix: 'use the long name of an option: entrypoint --help TASK'};
  const name = kebab(flag.slice(2));
  const own = task === undefined ? [] : flagsOf(task);
  if (task === undefined) {
    const owner = tasks.find((candidate) => flagsOf(candidate).some((entry) => spellings(entry).includes(name)));
    if (owner !== undefined)
      return {
        what: `${flag} is not a flag of entrypoint itself`,
        fix: `put it after its task: entrypoint ${snake(owner.name)} ${flag}`,
      };
  }
  const candidates = [...own, ...coreFlags].flatMap(spellings);
  const meant = nearest(name, candidates) ?? nearest(name.replace(/^no-/, ''), candidates);
  return {
    what: task === undefined ? `${flag} is not a flag` : `${flag} is not an option of ${snake(task.name)}`,
    meant: meant && `--${meant}`,
  };
}

function spellings({name, value}: {readonly name: string; readonly value?: string | undefined}): readonly string[] {
  return value === undefined ? [name, `no-${name}`] : [name];
}
