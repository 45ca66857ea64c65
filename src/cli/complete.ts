import type {Words} from '../shell/argv.ts';
import {kebab, snake} from '../text/names.ts';
import {coreFlags, flagsOf, type TaskFlag} from './flags.ts';
import type {KnownTask} from './tasks.ts';

/**
 * The words that can end a command line, for a shell's completion. The line comes as one word or as many,
 * begins with the program's name, and its last word is the one being typed (empty after a space).
 */
export function completions(line: Words, tasks: readonly KnownTask[]): readonly string[] {
  const words = line.join(' ').split(/\s+/);
  const typed = words.at(-1) ?? '';
  const before = words.slice(1, -1);
  if (before.includes('--')) return [];
  const task = tasks.find(
    ({name}) => name === before.map(kebab).findLast((word) => tasks.some((known) => known.name === word)),
  );
  return candidates(typed, before.at(-1) ?? '', task, tasks).filter((word) => word.startsWith(typed));
}

function candidates(
  typed: string,
  last: string,
  task: KnownTask | undefined,
  tasks: readonly KnownTask[],
): readonly string[] {
  const flags = task === undefined ? [] : flagsOf(task);
  const open = flags.find(({name, value}) => `--${name}` === last && value !== undefined);
  if (open !== undefined) return open.option.choices ?? [];
  if (typed.startsWith('-')) return [...flags.flatMap(flagWords), ...coreFlags.map(({name}) => `--${name}`)];
  const places = flags.filter(({option}) => option.positional === true).flatMap(({option}) => option.choices ?? []);
  return [...places, ...tasks.map(({name}) => snake(name))];
}

function flagWords({name, value, option}: TaskFlag): readonly string[] {
  if (value === undefined) return [`--${name}`, `--no-${name}`];
  return [`--${name}=`, ...(option.choices ?? []).map((choice) => `--${name}=${choice}`)];
}
