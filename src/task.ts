import {usageErrorsProblem} from './errors.ts';
import {missingOptions, type Options, type Source, type Sources, type Values} from './option.ts';
import type {Words} from './shell/argv.ts';
import type {Runner} from './shell/index.ts';
import {recordingRunner, type Responder} from './shell/runners/recording.ts';

/** Where a person reads a result. */
export interface ResultScreen {
  readonly columns: number;
  /** No task follows: what can be done next is worth a line. */
  readonly isLast: boolean;
}

/** Everything a task depends on; a task reads no globals. */
export interface Context {
  readonly run: Runner;
  /** The service's directory, absolute. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Words after `--`. */
  readonly rest: Words;
  /**
   * Prints a result as text: on the standard output, or with --json on the standard error. Where a person reads it on a
   * terminal, `onScreen` can give it another form.
   */
  readonly say: (text: string, onScreen?: (screen: ResultScreen) => string) => void;
  /** Prints progress on the standard error; nothing with --quiet. */
  readonly note: (text: string) => void;
  /** Aborted when the user or the system asks to stop. */
  readonly signal: AbortSignal;
}

const brand = Symbol.for('entrypoint.task');

/** The description of a task, for the command line and the help. */
export interface TaskDescription {
  readonly summary: string;
  readonly options: Options;
}

/** A plain function with its description attached: the CLI reads it, code calls it. */
export interface Task<O extends Options = Options, R = unknown> {
  /**
   * Omitted values have their defaults. `sources` are the origins of the values (default: this
   * call); a task that passes its own values on passes its sources on as well.
   * @throws Problem `usage` (exit code 64) when a required option is left out
   */
  (context: Context, values?: Partial<Values<O>>, sources?: Partial<Sources<O>>): Promise<R>;
  readonly [brand]: TaskDescription;
}

/**
 * Makes a task of a function. The body's return value is the task's result, which `--json` prints.
 * The body's third parameter is the source of each value: a flag, a variable, a call from code or the default.
 * @example
 * export const seed = task('Load sample products', {rows: option.number('how many products', {default: 100})},
 *   async ({run}, {rows}) => { await run(['node', 'scripts/seed.ts', '--rows', String(rows)]); });
 */
export function task<const O extends Options, R>(
  summary: string,
  options: O,
  body: (context: Context, values: Values<O>, sources: Sources<O>) => Promise<R>,
): Task<O, R> {
  const call = async (
    context: Context,
    given: Readonly<Record<string, unknown>> = {},
    sources: Readonly<Record<string, Source | undefined>> = {},
  ): Promise<R> => {
    const missing = missingOptions(`the task "${summary}"`, options, given);
    if (missing.length > 0) throw usageErrorsProblem(missing, 'entrypoint --help TASK');
    const values: Record<string, unknown> = {};
    const from: Record<string, Source> = {};
    for (const [name, {defaultValue}] of Object.entries(options)) {
      values[name] = given[name] ?? defaultValue;
      from[name] = given[name] === undefined ? {from: 'default'} : (sources[name] ?? {from: 'call'});
    }
    return body(context, values as Values<O>, from as Sources<O>);
  };
  return Object.assign(call, {[brand]: {summary, options}}) as Task<O, R>;
}

/**
 * How an export describes itself as a task; undefined for anything else. A plain function is a task without options, as
 * users of invoke expect.
 * @example
 * taskDescription(task('Load sample products', {}, async () => {}))?.summary; // Load sample products
 */
export function taskDescription(value: unknown): TaskDescription | undefined {
  if (typeof value !== 'function') return undefined;
  return brand in value ? (value as Task)[brand] : {summary: '', options: {}};
}

/** The environment of a task under test. Each part has a default. */
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
export function testContext(options: TestContextOptions = {}): TestContext {
  const {respond, cwd = '/service', env = {}, rest = [], signal = new AbortController().signal} = options;
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
