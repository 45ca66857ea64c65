// Typed configuration from environment variables: `entrypoint/config`. A service imports this at every start: it loads
// nothing but the file system.
import {exitCode, problem, type Problem} from '../../errors.ts';
import {declaredFields} from './declared.ts';
import {defaultOf, type Entry, evaluate, type Fault} from './evaluate.ts';
import type {ConfigValues, Field, Fields} from './fields.ts';
import {faultsText, faultText} from './messages.ts';
import {faultsOf, neededBy, warningsOf} from './report.ts';
import {secret} from './secret.ts';
import type {Environment, Origin} from './source.ts';

export type {ConfigValues, Field, Fields, FieldValue, Json, SchemaField, TypedField} from './fields.ts';
export {isSecret, secret} from './secret.ts';
export type {Secret} from './secret.ts';
export type {Environment, Origin} from './source.ts';
export type {StandardResult, StandardSchema} from './standard-schema.ts';

const brand = Symbol.for('entrypoint.config');

/** Where to read from, and for what. */
export interface ReadOptions<Task extends string | undefined = string | undefined> {
  /** Default: `process.env`. */
  readonly env?: Environment | undefined;
  /** Only the fields that this task needs. Default: all. */
  readonly task?: Task;
}

/** How {@link Config} reads. */
export interface ConfigReadOptions<Task extends string | undefined> extends ReadOptions<Task> {
  /** Gets each warning, such as a misspelt name. Default: Node's warnings, on standard error. */
  readonly warn?: ((text: string) => void) | undefined;
}

/** What an environment gives the fields, without a value. */
export interface ConfigReport {
  /** By name. */
  readonly origins: Readonly<Record<string, Origin>>;
  /** One line for each variable without a valid value. */
  readonly problems: readonly string[];
  /** Variables that are set and probably misspelt. */
  readonly warnings: readonly string[];
}

/** Declared variables, and how to read them. */
export interface Config<F extends Fields> {
  readonly [brand]: true;
  /** As they were declared. */
  readonly fields: F;
  /**
   * The values, typed; secrets are {@link Secret}. With `ENTRYPOINT_CONFIG=defaults`, as in the build of an image, nothing
   * is validated: what is set and valid or has a default has its value, and everything else is undefined.
   * @throws Problem `bad_configuration` (exit code 3) with every problem at once, without a stack and without values
   */
  readonly read: <Task extends string | undefined = undefined>(
    options?: ConfigReadOptions<Task>,
  ) => ConfigValues<F, Task>;
  /** Where each value comes from, and what is wrong. Never throws. */
  readonly report: (options?: ReadOptions) => ConfigReport;
}

type KeysOf<F> = F extends unknown ? keyof F : never;
type Known = KeysOf<Exclude<Field, {readonly '~standard': unknown}>>;
/** Refuses keys that no field has; a constraint alone would let them pass. */
type Exact<F extends Fields> = {
  readonly [Name in keyof F]: F[Name] extends {readonly '~standard': unknown}
    ? F[Name]
    : F[Name] & {readonly [Key in Exclude<keyof F[Name], Known>]: never};
};

/**
 * Declares the environment variables of a service, by name. Export it as the default of `src/config.ts`: `entrypoint
 * config` and `deploy` find it there.
 * @throws Problem `bad_declaration` (exit code 65) with everything that is wrong in the declaration
 * @example
 * const config = defineConfig({
 *   DATABASE_URL: {type: 'URL', schemes: ['postgres'], example: 'postgres://shop@db/shop'},
 *   DATABASE_PASSWORD: {type: 'text', secret: true, description: 'of the user shop'},
 *   POOL_SIZE: {type: 'integer', default: 10, min: 1, max: 100, harmless: true},
 *   LOG_LEVEL: {type: 'enum', choices: ['debug', 'info', 'warn'], default: 'info', harmless: true},
 * });
 * const {DATABASE_URL, DATABASE_PASSWORD, POOL_SIZE} = config.read();
 * new Pool({connectionString: DATABASE_URL, password: DATABASE_PASSWORD.reveal(), max: POOL_SIZE});
 */
export function defineConfig<const F extends Fields>(fields: F & Exact<F>): Config<F> {
  const {fields: declared, errors} = declaredFields(fields);
  if (errors.length > 0) throw withoutStack(badDeclaration(errors));
  const names: ReadonlySet<string> = new Set(Object.keys(fields));
  const entriesOf = ({env = process.env, task}: ReadOptions): readonly Entry[] =>
    evaluate(neededBy(declared, task), names, env);
  return Object.freeze({
    [brand]: true as const,
    fields,
    read<Task extends string | undefined>(options: ConfigReadOptions<Task> = {}): ConfigValues<F, Task> {
      const {env = process.env, warn = warnByNode} = options;
      const entries = entriesOf(options);
      if (env['ENTRYPOINT_CONFIG'] !== 'defaults') {
        for (const text of warningsOf(entries, names, env)) warn(text);
        const faults = faultsOf(entries);
        if (faults.length > 0) throw withoutStack(badConfiguration(faults));
      }
      return Object.freeze(
        Object.fromEntries(entries.map((entry) => [entry.field.name, valueOf(entry)])),
      ) as ConfigValues<F, Task>;
    },
    report(options: ReadOptions = {}): ConfigReport {
      const entries = entriesOf(options);
      return {
        origins: Object.fromEntries(entries.map(({field: {name}, origin}) => [name, origin])),
        problems: faultsOf(entries).map(faultText),
        warnings: warningsOf(entries, names, options.env ?? process.env),
      };
    },
  });
}

/**
 * Whether a value is what {@link defineConfig} returns, even one from another copy of this module.
 * @example
 * const {default: config} = await import('./src/config.ts');
 * if (isConfig(config)) say(Object.keys(config.fields).join());
 */
export function isConfig(value: unknown): value is Config<Fields> {
  return typeof value === 'object' && value !== null && brand in value;
}

// While nothing is validated, a secret without a value can still be passed on.
function valueOf({field, value, fault}: Entry): unknown {
  if (fault === undefined) return value;
  if (field.isSecret) return secret(undefined, field.name);
  const usual = defaultOf(field);
  return usual !== undefined && 'value' in usual ? usual.value : undefined;
}

const warnByNode = (text: string): void => process.emitWarning(text, 'ConfigWarning');

function badDeclaration(errors: readonly string[]): Problem {
  const lines = errors.map((text) => `\n  ${text}`).join('');
  return problem({
    code: 'bad_declaration',
    what: `the declaration of the configuration is not valid:${lines}`,
    exitCode: exitCode.badData,
  });
}

function badConfiguration(faults: readonly Fault[]): Problem {
  return problem({code: 'bad_configuration', what: faultsText(faults), exitCode: exitCode.notBooted});
}

/** Prints as its message: a stack says nothing about a variable, and hides the lines that do. */
function withoutStack(error: Problem): Problem {
  for (const key of Reflect.ownKeys(error)) Object.defineProperty(error, key, {enumerable: false});
  error.stack = `Error: ${error.message}`;
  return error;
}
