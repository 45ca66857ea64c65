import type {UsageError} from './errors.ts';
import {quote} from './shell/argv.ts';
import {kebab, screaming} from './text/names.ts';
import {nearest} from './text/nearest.ts';

/** One option of a task: the parser, the help and the type of the task's argument all come from it. */
export interface Option<T> {
  readonly kind: 'string' | 'number' | 'boolean' | 'list' | 'choice';
  readonly help: string;
  /** Undefined: the option is required, or its value is undefined if it is not given. */
  readonly defaultValue: T | undefined;
  /** Shown as the default in the help if the default is computed. */
  readonly defaultText?: string | undefined;
  readonly required?: boolean | undefined;
  /** Only for `choice`. */
  readonly choices?: readonly string[] | undefined;
  /** Can be given as a word without its flag: `deploy local`. */
  readonly positional?: boolean | undefined;
  /** Further environment variables that set it, after its own ENTRYPOINT_<TASK>_<OPTION>. */
  readonly env?: readonly string[] | undefined;
  /** Name of its value in usage lines. */
  readonly valueName?: string | undefined;
}

/** The declaration of an option, besides its help. */
export interface OptionSettings<T> {
  /** Value if the option is not given. Default: `false` for a boolean, `[]` for a list, else undefined. */
  readonly default?: T | undefined;
  /** Shown as the default in the help if the task computes it. */
  readonly defaultText?: string | undefined;
  /** The parser refuses a command line without it. An option that has a default cannot be required. */
  readonly required?: boolean | undefined;
  /** Can be given without its flag: `deploy local`. Default false. */
  readonly positional?: boolean | undefined;
  /** Further environment variables that set it, after its own ENTRYPOINT_<TASK>_<OPTION>; the first one set counts. */
  readonly env?: readonly string[] | undefined;
  /** Name of its value in usage lines: `STAGE`. Default: `TEXT`, `NUMBER` or the choices. */
  readonly valueName?: string | undefined;
}

interface ChoiceSettings<C extends string> extends OptionSettings<NoInfer<C>> {
  readonly choices: readonly C[];
}

/** Options by their name in camelCase; the flag of `logLevel` is `--log-level`. */
export type Options = Readonly<Record<string, Option<unknown>>>;

/** The option values that a task's body receives. */
export type Values<O extends Options> = {readonly [K in keyof O]: O[K] extends Option<infer T> ? T : never};

/** The source of an option's value. */
export type Source =
  /** From the command line: `flag` as written, or the name of a positional argument. */
  | {readonly from: 'flag'; readonly flag: string}
  | {readonly from: 'variable'; readonly name: string}
  /** Code that calls the task. */
  | {readonly from: 'call'}
  | {readonly from: 'default'};

/** The source of each value of a task. */
export type Sources<O extends Options> = {readonly [K in keyof O]: Source};

/** The type of a value: never undefined if the option has a default or is required. */
type ValueOf<T, S> = S extends {readonly default: T} | {readonly required: true} ? T : T | undefined;

// A default and `required` contradict each other.
type Consistent<S> = S extends {readonly default: {}; readonly required: true} ? {readonly required?: false} : unknown;

function declare(
  kind: Option<unknown>['kind'],
  help: string,
  {default: defaultValue, ...others}: OptionSettings<unknown> & {readonly choices?: readonly string[]},
): Option<never> {
  return {kind, help, defaultValue: defaultValue as undefined, ...others};
}

/**
 * Ways to declare an option: the help first, all else in one object. The value's type follows from both.
 * @example
 * option.string('tag of the image')                                          // string | undefined
 * option.number('lines to begin with', {default: 100})                       // number
 * option.choice('form of the report', {choices: ['table', 'json'], default: 'table'}) // 'table' | 'json'
 * option.string('stage to promote to', {required: true, valueName: 'STAGE'}) // string
 */
export const option = {
  string: <const S extends OptionSettings<string> = {}>(
    help: string,
    settings?: S & Consistent<S>,
  ): Option<ValueOf<string, S>> => declare('string', help, settings ?? {}),

  number: <const S extends OptionSettings<number> = {}>(
    help: string,
    settings?: S & Consistent<S>,
  ): Option<ValueOf<number, S>> => declare('number', help, settings ?? {}),

  /** `--flag` and `--no-flag`. */
  boolean: <const S extends OptionSettings<boolean> = {}>(
    help: string,
    settings?: S & Consistent<S>,
  ): Option<boolean> => declare('boolean', help, {...(settings?.required ? {} : {default: false}), ...settings}),

  /** Can be repeated: `--file=a --file=b`. In its environment variable, commas separate the values. */
  list: <const S extends OptionSettings<readonly string[]> = {}>(
    help: string,
    settings?: S & Consistent<S>,
  ): Option<readonly string[]> => declare('list', help, {...(settings?.required ? {} : {default: []}), ...settings}),

  choice: <const C extends string, const S extends ChoiceSettings<C>>(
    help: string,
    settings: S & {readonly choices: readonly C[]} & Consistent<S>,
  ): Option<ValueOf<C, S>> => declare('choice', help, settings),
} as const;

/** Name of an option's value in usage lines; undefined for a switch, which takes none. */
export function valueNameOf({kind, choices, valueName}: Option<unknown>): string | undefined {
  if (kind === 'boolean') return undefined;
  return valueName ?? choices?.join('|') ?? (kind === 'number' ? 'NUMBER' : 'TEXT');
}

/** The errors for required options that a call of a task leaves out. */
export function missingOptions(
  task: string,
  options: Options,
  values: Readonly<Record<string, unknown>>,
): readonly UsageError[] {
  return Object.entries(options)
    .filter(([name, {required}]) => required === true && values[name] === undefined)
    .map(([name, declared]) => {
      const flag = `--${kebab(name)}=${valueNameOf(declared) ?? 'true|false'}`;
      return {what: `${task} needs ${declared.positional === true ? `${screaming(name)} (${flag})` : flag}`};
    });
}

export type ParsedValue = {readonly value: unknown} | {readonly error: UsageError};

const numberText = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const truths: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  '1': true,
  false: false,
  no: false,
  off: false,
  '0': false,
};

/**
 * The value of an option from the texts that were given for it, oldest first: a list takes all of them, the
 * others the last one. `subject` names the source in messages: `--rows`, or a variable.
 */
export function readValue(
  {kind, choices = []}: Pick<Option<unknown>, 'kind' | 'choices'>,
  texts: readonly string[],
  subject: string,
): ParsedValue {
  const text = texts.at(-1) ?? '';
  const wrong = (must: string, more: Omit<UsageError, 'what'> = {}): ParsedValue => ({
    error: {what: mustBe(subject, must, text), ...more},
  });
  if (kind === 'list') return {value: texts};
  if (kind === 'string') return {value: text};
  if (kind === 'number')
    return numberText.test(text) && Number.isFinite(Number(text)) ? {value: Number(text)} : wrong('a number');
  if (kind === 'boolean') {
    const truth = Object.hasOwn(truths, text.toLowerCase()) ? truths[text.toLowerCase()] : undefined;
    return truth === undefined ? wrong('true or false') : {value: truth};
  }
  return choices.includes(text)
    ? {value: text}
    : wrong(`one of ${choices.join(', ')}`, {meant: nearest(text, choices)});
}

/** `--rows must be a number, not abc` */
export function mustBe(subject: string, must: string, text: string): string {
  return `${subject} must be ${must}, not ${text === '' ? 'empty' : quote(text)}`;
}

/** The first of these variables that is set and not empty. */
export function setVariable(
  names: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): {readonly name: string; readonly text: string} | undefined {
  for (const name of names) {
    const text = env[name] ?? '';
    if (text !== '') return {name, text};
  }
  return undefined;
}
