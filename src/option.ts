import type {UsageError} from './errors.ts';
import {quote} from './shell/argv.ts';
import {nearest} from './text/nearest.ts';

/** One option of a task: the parser, the help and the type of the task's argument all come from it. */
export interface Option<T> {
  readonly kind: 'string' | 'number' | 'boolean' | 'list' | 'choice';
  readonly defaultValue: T;
  readonly help: string;
  /** What the default is, where the value does not say it. */
  readonly defaultText?: string;
  /** Only for `choice`. */
  readonly choices?: readonly string[];
  /** May be given as a word without its flag: `deploy local`. */
  readonly positional?: boolean;
  /** Further environment variables that set it, after its own ENTRYPOINT_<TASK>_<OPTION>. */
  readonly env?: readonly string[];
}

/** How an option can be given, besides its flag. */
export interface OptionFacts {
  readonly positional?: boolean;
  readonly env?: readonly string[];
}

/** Options by their name in camelCase; the flag of `logLevel` is `--log-level`. */
export type Options = Readonly<Record<string, Option<unknown>>>;

/** What a task's body gets for its options. */
export type Values<O extends Options> = {readonly [K in keyof O]: O[K] extends Option<infer T> ? T : never};

type Given<T> = [T] extends [undefined] ? string | undefined : string;

/**
 * Ways to declare an option. The default decides the type; `undefined` means "not given".
 * @example
 * option.number(100, 'lines to begin with') // number
 * option.string(undefined, 'tag of the image') // string | undefined
 */
export const option = {
  string: <T extends string | undefined>(defaultValue: T, help: string, facts: OptionFacts = {}): Option<Given<T>> => ({
    kind: 'string',
    defaultValue: defaultValue as Given<T>,
    help,
    ...facts,
  }),
  number: <T extends number | undefined>(
    defaultValue: T,
    help: string,
    facts: OptionFacts = {},
  ): Option<[T] extends [undefined] ? number | undefined : number> => ({
    kind: 'number',
    defaultValue: defaultValue as never,
    help,
    ...facts,
  }),
  boolean: (defaultValue: boolean, help: string, facts: OptionFacts = {}): Option<boolean> => ({
    kind: 'boolean',
    defaultValue,
    help,
    ...facts,
  }),
  /** May be repeated: `--file=a --file=b`. In its environment variable, words are separated by commas. */
  list: (defaultValue: readonly string[], help: string, facts: OptionFacts = {}): Option<readonly string[]> => ({
    kind: 'list',
    defaultValue,
    help,
    ...facts,
  }),
  choice: <const C extends string>(
    choices: readonly C[],
    defaultValue: C,
    help: string,
    facts: OptionFacts = {},
  ): Option<C> => ({
    kind: 'choice',
    choices,
    defaultValue,
    help,
    ...facts,
  }),
} as const;

export type Reading = {readonly value: unknown} | {readonly error: UsageError};

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
 * others the last one. `subject` is what the user wrote it behind: `--rows`, or a variable's name.
 */
export function readValue(declared: Option<unknown>, texts: readonly string[], subject: string): Reading {
  const text = texts.at(-1) ?? '';
  const wrong = (must: string, facts: Omit<UsageError, 'what'> = {}): Reading => ({
    error: {what: `${subject} is ${text === '' ? 'empty' : quote(text)}, and must be ${must}`, ...facts},
  });
  if (declared.kind === 'list') return {value: texts};
  if (declared.kind === 'string') return {value: text};
  if (declared.kind === 'number')
    return numberText.test(text) && Number.isFinite(Number(text)) ? {value: Number(text)} : wrong('a number');
  if (declared.kind === 'boolean') {
    const truth = Object.hasOwn(truths, text.toLowerCase()) ? truths[text.toLowerCase()] : undefined;
    return truth === undefined ? wrong('true or false') : {value: truth};
  }
  const choices = declared.choices ?? [];
  return choices.includes(text)
    ? {value: text}
    : wrong(`one of ${choices.join(', ')}`, {meant: nearest(text, choices)});
}

/** The value of an option that the command line left out, from the first of its variables that is set and not empty. */
export function readVariable(
  declared: Option<unknown>,
  names: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Reading | undefined {
  const name = names.find((candidate) => (env[candidate] ?? '') !== '');
  if (name === undefined) return undefined;
  const text = env[name] ?? '';
  const reading = readValue(declared, declared.kind === 'list' ? text.split(',') : [text], name);
  if ('value' in reading) return reading;
  return {error: {...reading.error, what: reading.error.what.replace(name, `the environment variable ${name}`)}};
}
