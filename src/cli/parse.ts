import type {UsageError} from '../errors.ts';
import {missingOptions, readValue, setVariable, type Source} from '../option.ts';
import type {Words} from '../shell/argv.ts';
import {camel, kebab, screaming, snake, variableOf} from '../text/names.ts';
import {nearest} from '../text/nearest.ts';
import {scan, type Token, wordsBehindDashes} from '../text/scan.ts';
import {type Core, type CoreFlag, coreFlags, defaultCore, flagsOf, type TaskFlag, unknownFlag} from './flags.ts';
import {type KnownTask, shownName, standardNames, twoWordTasks} from './tasks.ts';

/** One task to run, with the values from the command line and the environment; other options have their defaults. */
export interface Call {
  readonly task: KnownTask;
  readonly values: Readonly<Record<string, unknown>>;
  /** Where each of the values comes from. */
  readonly sources: Readonly<Record<string, Source>>;
  readonly rest: Words;
}

export interface Parsed {
  readonly core: Core;
  readonly calls: readonly Call[];
  /** Words after `--`. */
  readonly rest: Words;
  readonly errors: readonly UsageError[];
  /** Required options that are not given. Only a run of the tasks needs them. */
  readonly missing: readonly UsageError[];
  /** Words that should be tasks and are not. */
  readonly unknownTasks: readonly UsageError[];
}

interface Open {
  readonly task: KnownTask;
  /** By option name: its values in order, as text, and the last flag as written. */
  readonly given: Map<string, {readonly texts: string[]; flag: string}>;
}

/**
 * Reads `[core flags] task [--flags] [words] task2 ... [-- words]`. Core flags can be anywhere; a task's own
 * flag of the same name wins after that task's name. Never throws: errors are collected.
 */
export function parse(
  argv: Words,
  tasks: readonly KnownTask[],
  env: Readonly<Record<string, string | undefined>>,
): Parsed {
  const core = defaultCore();
  const errors: UsageError[] = [];
  const unknownTasks: UsageError[] = [];
  const opened: Open[] = [];
  let current: Open | 'unknown' | undefined;
  // The first word of a task of two words, until the next word: `config`, before `audit`.
  let lead: string | undefined;

  const find = (name: string, length: 'long' | 'short'): TaskFlag | CoreFlag | undefined => {
    if (length === 'short') return coreFlags.find(({short}) => short === name);
    const own = current === undefined || current === 'unknown' ? [] : flagsOf(current.task);
    return own.find((flag) => flag.name === name) ?? coreFlags.find((flag) => flag.name === name);
  };

  const give = ({given}: Open, name: string, text: string, flag: string): void => {
    const before = given.get(name);
    given.set(name, {texts: [...(before?.texts ?? []), text], flag});
  };

  const setCore = ({key, value, name}: CoreFlag, text: string): void => {
    const reading = readValue({kind: value === undefined ? 'boolean' : 'string'}, [text], `--${name}`);
    if ('error' in reading) errors.push(reading.error);
    else Object.assign(core, {[key]: reading.value});
  };

  /** A word that begins a task of two words and is no task itself needs the second one. */
  const endLead = (): void => {
    if (lead === undefined || tasks.some(({name}) => name === lead)) return;
    const meant = tasks.find(({name}) => name.startsWith(`${lead}-`) && twoWordTasks.includes(name));
    unknownTasks.push({what: `${lead} is not a task`, meant: shownName(meant?.name ?? '')});
    lead = undefined;
  };

  const bare = (word: string, afterUnknownFlag: boolean): void => {
    const name = kebab(word);
    const pair = lead === undefined ? undefined : twoWordTask(`${lead}-${name}`, tasks);
    if (pair !== undefined && opened.at(-1)?.task.name === lead) opened.pop();
    const known = pair ?? tasks.find((task) => task.name === name);
    if (pair === undefined) endLead();
    lead = pair === undefined && isLead(name, tasks) ? name : undefined;
    if (known !== undefined) {
      current = {task: known, given: new Map()};
      opened.push(current);
      return;
    }
    const open = current === 'unknown' ? undefined : current;
    const positional = open && openPositional(open);
    if (positional !== undefined && open !== undefined) {
      lead = undefined;
      return give(open, positional, word, screaming(positional));
    }
    if (lead !== undefined) {
      current = 'unknown';
      return;
    }
    // The value of an unknown flag, or an argument of an unknown task: already reported.
    if (afterUnknownFlag || current === 'unknown') return;
    unknownTasks.push(unknownTask(word, open?.task, tasks));
    const meant = nearest(
      name,
      tasks.map((task) => task.name),
    );
    const likely = tasks.find((task) => task.name === meant);
    current = likely === undefined ? 'unknown' : {task: likely, given: new Map()};
    if (likely !== undefined && current !== 'unknown') opened.push(current);
  };

  const take = (token: Token<TaskFlag | CoreFlag>): void => {
    if (token.type === 'word') bare(token.text, token.afterUnknownFlag);
    else if (token.type === 'wrong') errors.push({what: `${token.written} ${token.wrong}`, fix: token.fix});
    else if (token.type === 'flag' && !('option' in token.flag)) setCore(token.flag, token.value);
    else if (token.type === 'flag' && current !== undefined && current !== 'unknown' && 'option' in token.flag)
      give(current, token.flag.key, token.value, token.written);
    else if (token.type === 'unknown' && !(current === 'unknown' && token.written.startsWith('--')))
      errors.push(unknownFlag(token.written, current === 'unknown' ? undefined : current?.task, tasks));
  };

  for (const token of scan(argv, find)) take(token);
  endLead();
  const rest = wordsBehindDashes(argv);
  const missing: UsageError[] = [];
  const calls = opened.map((open, index) =>
    finish(open, index === opened.length - 1 ? rest : [], env, {errors, missing}),
  );
  return {core, calls, rest, errors, missing, unknownTasks};
}

function unknownTask(word: string, before: KnownTask | undefined, tasks: readonly KnownTask[]): UsageError {
  const known = tasks.map(({name}) => name);
  const standard = nearest(kebab(word), standardNames);
  const meant = standard === kebab(word) ? undefined : nearest(kebab(word), known);
  const takesNone =
    before === undefined ? '' : `, and ${snake(before.name)} takes no ${hasPositional(before) ? 'further ' : ''}word`;
  return {
    what: `${word} is not a task${takesNone}`,
    ...(meant === undefined ? {} : {meant: snake(meant)}),
    ...(meant !== undefined || standard === undefined
      ? {}
      : {fix: `tasks.ts does not export it; add: export {${camel(standard)}} from 'entrypoint/tasks';`}),
  };
}

function twoWordTask(name: string, tasks: readonly KnownTask[]): KnownTask | undefined {
  return twoWordTasks.includes(name) ? tasks.find((task) => task.name === name) : undefined;
}

function isLead(word: string, tasks: readonly KnownTask[]): boolean {
  return twoWordTasks.some((name) => name.startsWith(`${word}-`) && twoWordTask(name, tasks) !== undefined);
}

function hasPositional(task: KnownTask): boolean {
  return flagsOf(task).some(({option}) => option.positional === true);
}

function openPositional({task, given}: Open): string | undefined {
  return flagsOf(task).find(
    ({key, option}) => option.positional === true && (option.kind === 'list' || !given.has(key)),
  )?.key;
}

function finish(
  {task, given}: Open,
  rest: Words,
  env: Readonly<Record<string, string | undefined>>,
  {errors, missing}: {readonly errors: UsageError[]; readonly missing: UsageError[]},
): Call {
  const values: Record<string, unknown> = {};
  const sources: Record<string, Source> = {};
  const wrong: Record<string, true> = {};
  for (const {key, name, option} of flagsOf(task)) {
    const direct = given.get(key);
    const variable = direct ? undefined : setVariable([variableOf(task.name, key), ...(option.env ?? [])], env);
    if (direct === undefined && variable === undefined) continue;
    const texts =
      direct?.texts ?? (option.kind === 'list' ? (variable?.text.split(',') ?? []) : [variable?.text ?? '']);
    const subject = variable === undefined ? `--${name}` : `the environment variable ${variable.name}`;
    const reading = readValue(option, texts, subject);
    if ('error' in reading) {
      errors.push(reading.error);
      wrong[key] = true;
    } else {
      values[key] = reading.value;
      sources[key] =
        variable === undefined ? {from: 'flag', flag: direct?.flag ?? ''} : {from: 'variable', name: variable.name};
    }
  }
  missing.push(...missingOptions(shownName(task.name), task.description.options, {...wrong, ...values}));
  return {task, values, sources, rest};
}
