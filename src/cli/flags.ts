import {nearest} from '../text/nearest.ts';
import type {Option} from '../option.ts';
import {coreFlags} from './core-flags.ts';
import type {KnownTask} from './tasks.ts';
import {kebab, snake} from './names.ts';
import type {Mistake} from '../mistakes.ts';

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
export function findFlag<F extends {readonly name: string}>(flags: readonly F[], name: string, isBoolean: (flag: F) => boolean): {flag: F; negated: boolean} | undefined {
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
export function unknownFlag(flag: string, task: KnownTask | undefined, tasks: readonly KnownTask[]): Mistake {
  const name = kebab(flag.slice(2));
  if (task === undefined) {
    const owner = tasks.find((candidate) => findFlag(flagsOf(candidate), name, () => true) !== undefined);
    if (owner !== undefined) return {what: `${flag} is not a flag of entrypoint itself`, fix: `put it behind its task: entrypoint ${snake(owner.name)} ${flag}`};
  }
  const own = task === undefined ? [] : flagsOf(task).flatMap((entry) => withNegation(entry.name, entry.option.kind === 'boolean'));
  const candidates = [...own, ...coreFlags.flatMap((entry) => withNegation(entry.long, entry.value === undefined))];
  const meant = nearest(name, candidates) ?? nearest(name.replace(/^no-/, ''), candidates);
  return {what: task === undefined ? `${flag} is not a flag` : `${flag} is not an option of ${snake(task.name)}`, meant: meant && `--${meant}`};
}

function withNegation(name: string, boolean: boolean): readonly string[] {
  return boolean ? [name, `no-${name}`] : [name];
}
