import type {Options, Values} from './option.ts';
import type {Words} from './shell/argv.ts';
import type {Runner} from './shell/index.ts';
import {recordingRunner, type Responder} from './shell/runners/recording.ts';

/** All that a task may look at: it reads no global. */
export interface Context {
  readonly run: Runner;
  /** The service's directory, absolute. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Words after `--`. */
  readonly rest: Words;
  /** Names of the options that stand on the command line itself, where others come from variables. */
  readonly flags?: ReadonlySet<string> | undefined;
  /** Tells the user a result in words; goes to the standard output, with --json to the standard error. */
  readonly say: (text: string) => void;
  /** Tells what is going on; goes to the standard error; silent with --quiet. */
  readonly note: (text: string) => void;
  /** Aborted when the user or the system asks to stop. */
  readonly signal: AbortSignal;
}

const brand = Symbol.for('entrypoint.task');

export interface TaskDescription {
  readonly summary: string;
  readonly options: Options;
}

/** A plain function with its description attached: the CLI reads it, code calls it. */
export interface Task<O extends Options = Options, R = unknown> {
  (context: Context, values?: Partial<Values<O>>): Promise<R>;
  readonly [brand]: TaskDescription;
}

/**
 * Makes a task of a function. Options that the caller leaves out have their defaults.
 * What the body returns is the task's result: `--json` prints it.
 * @example
 * export const seed = task('Load sample products', {rows: option.number(100, 'how many products')},
 *   async ({run}, {rows}) => { await run(['node', 'scripts/seed.ts', '--rows', String(rows)]); });
 */
export function task<const O extends Options, R>(
  summary: string,
  options: O,
  body: (context: Context, values: Values<O>) => Promise<R>,
): Task<O, R> {
  const defaults = Object.fromEntries(Object.entries(options).map(([name, {defaultValue}]) => [name, defaultValue]));
  const call = (context: Context, values: Partial<Values<O>> = {}): Promise<R> =>
    body(context, {...defaults, ...withoutUndefined(values)} as Values<O>);
  return Object.assign(call, {[brand]: {summary, options}}) as Task<O, R>;
}

function withoutUndefined(values: object): object {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

/**
 * What a module's export says of itself as a task: undefined when it is none.
 * A plain function counts: it is a task without options, as invoke's users expect.
 */
export function taskDescription(value: unknown): TaskDescription | undefined {
  if (typeof value !== 'function') return undefined;
  return brand in value ? (value as Task)[brand] : {summary: '', options: {}};
}

/** The surroundings of a task under test. Each has a default. */
export interface TestContextOptions {
  /** Answers the commands. Default: every command succeeds without output. */
  readonly respond?: Responder | undefined;
  /** Default `/service`. */
  readonly cwd?: string | undefined;
  /** Default empty. */
  readonly env?: Context['env'] | undefined;
  /** Words after `--`. Default none. */
  readonly rest?: Words | undefined;
  /** Default: never aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** A context for tests, and everything that a task did with it, in order. */
export interface TestContext {
  readonly context: Context;
  /** The text of every command, clean-up included. */
  readonly commands: readonly string[];
  /** Texts given to `say`. */
  readonly said: readonly string[];
  /** Texts given to `note`. */
  readonly noted: readonly string[];
}

/**
 * Makes a context for tests of a service's own tasks: its runner runs nothing and records every command.
 * @example
 * const {context, commands, said} = testContext({respond: (_, text) => (text === 'date' ? {stdout: 'today\n'} : undefined)});
 * await seed(context, {rows: 5});
 * assert.deepEqual(commands, ['node scripts/seed.ts --rows 5']);
 */
export function testContext({
  respond,
  cwd = '/service',
  env = {},
  rest = [],
  signal = new AbortController().signal,
}: TestContextOptions = {}): TestContext {
  const {run, commands} = recordingRunner(respond);
  const [said, noted]: [string[], string[]] = [[], []];
  return {
    context: {
      run,
      cwd,
      env,
      rest,
      signal,
      say: (text) => void said.push(text),
      note: (text) => void noted.push(text),
    },
    commands,
    said,
    noted,
  };
}
