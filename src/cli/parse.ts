import type {UsageError} from '../errors.ts';
import {readValue, readVariable} from '../option.ts';
import type {Words} from '../shell/argv.ts';
import {nearest} from '../text/nearest.ts';
import {type Core, type CoreFlag, coreFlags, defaultCore, findFlag, flagsOf, sampleOf, unknownFlag} from './flags.ts';
import {camel, kebab, type KnownTask, snake, standardOrder, variableOf} from './tasks.ts';

/** One task to run, with its options from the command line and the environment; what is missing has its default. */
export interface Call {
  readonly task: KnownTask;
  readonly values: Readonly<Record<string, unknown>>;
  /** Names of the options that were on the command line. */
  readonly flags: ReadonlySet<string>;
  readonly rest: Words;
}

export interface Parsed {
  readonly core: Core;
  readonly calls: readonly Call[];
  /** Words after `--`. */
  readonly rest: Words;
  readonly errors: readonly UsageError[];
  /** Names that are no task's. */
  readonly unknownTasks: readonly UsageError[];
}

interface Open {
  readonly task: KnownTask;
  /** By option name, as they were given. */
  readonly texts: Map<string, string[]>;
}

/**
 * Reads `[core flags] task [--flags] [words] task2 ... [-- words]`. Core flags may stand anywhere; a task's own
 * flag of the same name wins behind that task's name. Never throws: errors are collected.
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
  let unknownFlagNeedsValue = false;
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length;
  const words = argv.slice(0, end);
  const rest = argv.slice(end + 1);
  let at = 0;

  // The word after a flag is its value, unless it is a flag itself: then nobody can tell what was meant.
  const nextValue = (flag: string, sample: string): string | undefined => {
    const next = words[at];
    if (next !== undefined && !isFlag(next)) return words[at++];
    const fix =
      next === undefined
        ? `write ${flag}=${sample}`
        : `write ${flag}=${sample}, or ${flag}=${next} if ${next} is the value`;
    errors.push({what: `${flag} needs a value`, fix});
    if (next !== undefined && !next.startsWith('--') && !coreFlags.some((entry) => `-${entry.short ?? ''}` === next))
      at += 1;
    return undefined;
  };

  const give = (open: Open, name: string, text: string): void => {
    open.texts.set(name, [...(open.texts.get(name) ?? []), text]);
  };

  const setCore = (
    {key, value: sample, long}: CoreFlag,
    shown: string,
    negated: boolean,
    given: string | undefined,
  ): void => {
    if (sample !== undefined) {
      const value = given ?? nextValue(shown, sample);
      if (value !== undefined) Object.assign(core, {[key]: value});
      return;
    }
    const reading = readValue({kind: 'boolean', defaultValue: false, help: ''}, [given ?? 'true'], `--${long}`);
    if ('error' in reading) errors.push(reading.error);
    else Object.assign(core, {[key]: reading.value !== negated});
  };

  const long = (word: string): void => {
    const [flag = '', ...more] = word.split('=');
    const given = more.length === 0 ? undefined : more.join('=');
    const name = kebab(flag.slice(2));
    const options = current === undefined || current === 'unknown' ? [] : flagsOf(current.task);
    const own = findFlag(options, name, ({option}) => option.kind === 'boolean');
    if (own !== undefined && current !== undefined && current !== 'unknown') {
      const boolean = own.flag.option.kind === 'boolean';
      if (own.negated && given !== undefined) errors.push({what: `${flag} takes no value`, fix: flag});
      const text = own.negated ? 'false' : (given ?? (boolean ? 'true' : nextValue(flag, sampleOf(own.flag.option))));
      if (text !== undefined) give(current, own.flag.key, text);
      return;
    }
    const found = findFlag(
      coreFlags.map((entry) => ({...entry, name: entry.long})),
      name,
      ({value}) => value === undefined,
    );
    if (found !== undefined) return setCore(found.flag, flag, found.negated, given);
    if (current === 'unknown') return;
    unknownFlagNeedsValue = given === undefined;
    errors.push(unknownFlag(flag, current?.task, tasks));
  };

  const short = (word: string): void => {
    const letters = word.slice(1);
    for (let index = 0; index < letters.length; index += 1) {
      const letter = letters.charAt(index);
      const flag = coreFlags.find((entry) => entry.short === letter);
      if (flag === undefined) {
        errors.push({
          what: `-${letter} is not a flag`,
          fix: 'options of a task have long names only: see entrypoint --help TASK',
        });
        return;
      }
      const glued = flag.value === undefined ? '' : letters.slice(index + 1);
      setCore(flag, `-${letter}`, false, glued === '' ? undefined : glued);
      if (glued !== '') return;
    }
  };

  const bare = (word: string, afterUnknownFlag: boolean): void => {
    const known = tasks.find(({name}) => name === kebab(word));
    if (known !== undefined) {
      current = {task: known, texts: new Map()};
      opened.push(current);
      return;
    }
    const open = current === 'unknown' ? undefined : current;
    const place = open && openPlace(open);
    if (place !== undefined && open !== undefined) return give(open, place, word);
    // The value of an unknown flag, or of an unknown task: one mistake is not told twice.
    if (afterUnknownFlag || current === 'unknown') return;
    unknownTasks.push(unknownTask(word, open?.task, tasks));
    const meant = nearest(
      kebab(word),
      tasks.map(({name}) => name),
    );
    const likely = tasks.find(({name}) => name === meant);
    current = likely === undefined ? 'unknown' : {task: likely, texts: new Map()};
    if (likely !== undefined && current !== 'unknown') opened.push(current);
  };

  while (at < words.length) {
    const word = words[at++] ?? '';
    const swallow = unknownFlagNeedsValue;
    unknownFlagNeedsValue = false;
    if (word.startsWith('--')) long(word);
    else if (isFlag(word)) short(word);
    else bare(word, swallow);
  }

  const calls = opened.map((open, index) => finish(open, index === opened.length - 1 ? rest : [], env, errors));
  return {core, calls, rest, errors, unknownTasks};
}

/** A negative number is a word, as is a dash alone. */
function isFlag(word: string): boolean {
  return word.length > 1 && word.startsWith('-') && !/^-\.?\d/.test(word);
}

function unknownTask(word: string, before: KnownTask | undefined, tasks: readonly KnownTask[]): UsageError {
  const known = tasks.map(({name}) => name);
  const standard = nearest(kebab(word), standardOrder);
  const meant = standard === kebab(word) ? undefined : nearest(kebab(word), known);
  const takesNone =
    before === undefined ? '' : `, and ${snake(before.name)} takes no ${hasPlaces(before) ? 'further ' : ''}word`;
  return {
    what: `${word} is not a task${takesNone}`,
    ...(meant === undefined ? {} : {meant: snake(meant)}),
    ...(meant !== undefined || standard === undefined
      ? {}
      : {fix: `tasks.ts does not have it; add: export {${camel(standard)}} from 'entrypoint/tasks';`}),
  };
}

function hasPlaces(task: KnownTask): boolean {
  return flagsOf(task).some(({option}) => option.positional === true);
}

function openPlace({task, texts}: Open): string | undefined {
  return flagsOf(task).find(
    ({key, option}) => option.positional === true && (option.kind === 'list' || !texts.has(key)),
  )?.key;
}

function finish(
  {task, texts}: Open,
  rest: Words,
  env: Readonly<Record<string, string | undefined>>,
  errors: UsageError[],
): Call {
  const values: Record<string, unknown> = {};
  for (const {key, name, option} of flagsOf(task)) {
    const given = texts.get(key);
    const variables = [variableOf(task.name, key), ...(option.env ?? [])];
    const reading = given === undefined ? readVariable(option, variables, env) : readValue(option, given, `--${name}`);
    if (reading === undefined) continue;
    if ('error' in reading) errors.push(reading.error);
    else values[key] = reading.value;
  }
  return {task, values, flags: new Set(texts.keys()), rest};
}
