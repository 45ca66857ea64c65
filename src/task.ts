import type {Options, Values} from './option.ts';
import type {Words} from './shell/argv.ts';
import type {Runner} from './shell/index.ts';

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

/** What the command line and the help read of a task. */
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
 * How an export describes itself as a task; undefined for anything else. A plain function is a task without options, as
 * users of invoke expect.
 * @example
 * taskDescription(task('Load sample products', {}, async () => {}))?.summary; // Load sample products
 */
export function taskDescription(value: unknown): TaskDescription | undefined {
  if (typeof value !== 'function') return undefined;
  return brand in value ? (value as Task)[brand] : {summary: '', options: {}};
}
