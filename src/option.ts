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

export interface OptionFacts {
  readonly positional?: boolean;
  readonly env?: readonly string[];
}

/** Options by their name in camelCase; the flag of `logLevel` is `--log-level`. */
export type Options = Readonly<Record<string, Option<unknown>>>;

/** What a task's body gets for its options. */
export type Values<O extends Options> = {readonly [K in keyof O]: O[K] extends Option<infer T> ? T : never};

type Given<T> = [T] extends [undefined] ? string | undefined : string;

/** Ways to declare an option. The default decides the type; `undefined` means "not given". */
export const option = {
  string: <T extends string | undefined>(defaultValue: T, help: string, facts: OptionFacts = {}): Option<Given<T>> => ({
    kind: 'string', defaultValue: defaultValue as Given<T>, help, ...facts,
  }),
  number: <T extends number | undefined>(defaultValue: T, help: string, facts: OptionFacts = {}): Option<[T] extends [undefined] ? number | undefined : number> => ({
    kind: 'number', defaultValue: defaultValue as never, help, ...facts,
  }),
  boolean: (defaultValue: boolean, help: string, facts: OptionFacts = {}): Option<boolean> => ({
    kind: 'boolean', defaultValue, help, ...facts,
  }),
  /** May be repeated: `--file=a --file=b`. In its environment variable, words are separated by commas. */
  list: (defaultValue: readonly string[], help: string, facts: OptionFacts = {}): Option<readonly string[]> => ({
    kind: 'list', defaultValue, help, ...facts,
  }),
  choice: <const C extends string>(choices: readonly C[], defaultValue: C, help: string, facts: OptionFacts = {}): Option<C> => ({
    kind: 'choice', choices, defaultValue, help, ...facts,
  }),
} as const;
