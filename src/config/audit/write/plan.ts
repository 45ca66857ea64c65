import {isDeepStrictEqual} from 'node:util';
import {screaming} from '../../../text/names.ts';
import {nameForms} from '../classify/derived.ts';
import type {Classified} from '../classify/index.ts';
import type {Json, Setting} from '../model/types.ts';

/** How a variable's text becomes a value: as it is, as JSON, or as JSON in base64 for what a .env file cannot hold. */
export type Encoding = 'text' | 'json' | 'base64 of json';

/** A key whose value comes from an environment variable. */
export interface Variable {
  readonly key: Classified;
  readonly name: string;
  readonly encoding: Encoding;
  /** By environment; one that is not here has no value, or reads the variable already. */
  readonly texts: ReadonlyMap<string, string>;
  /** The environments in which the old code reads the variable already. */
  readonly already: readonly string[];
}

/** A key whose value follows from the environment's name or from another key. */
export interface Derived {
  readonly key: Classified;
  readonly from: Classified | undefined;
  readonly form: number;
  readonly parts: readonly string[];
}

/** Where each key's value comes from once the files are gone. */
export interface Plan {
  readonly environments: readonly string[];
  readonly defaults: readonly {readonly key: Classified; readonly value: Json}[];
  readonly variables: readonly Variable[];
  readonly derived: readonly Derived[];
  /** Computed by code, which stays. */
  readonly code: readonly {readonly key: Classified; readonly environments: readonly string[]}[];
  /** The variable with the environment's name; undefined if nothing is derived from it. */
  readonly environmentVariable: string | undefined;
}

const isCode = ({value, variable, expression}: Setting): boolean =>
  value === undefined && variable === undefined && expression !== undefined;

/** Finds a place for every key: a default, a variable, a template, or the code that computes it already. */
export function planOf(keys: readonly Classified[], environments: readonly string[]): Plan {
  const names = uniqueNames();
  const derived = keys.flatMap((key) => derivedFrom(key, keys, environments));
  const isDerived = new Set(derived.map(({key}) => key));
  const environmentVariable = derived.some(({from}) => from === undefined) ? names('ENVIRONMENT') : undefined;
  const rest = keys.filter((key) => !isDerived.has(key));
  const isDefault = (key: Classified): boolean => !key.secret && commonValue(key, environments) !== undefined;
  const others = rest.filter((key) => !isDefault(key));
  return {
    environments,
    derived,
    environmentVariable,
    defaults: rest.filter(isDefault).map((key) => ({key, value: commonValue(key, environments) ?? null})),
    code: others.flatMap((key) => {
      const computed = [...key.of.settings]
        .filter(([, setting]) => isCode(setting))
        .map(([environment]) => environment);
      return computed.length === 0 ? [] : [{key, environments: computed}];
    }),
    variables: others
      .filter((key) => [...key.of.settings.values()].some((setting) => !isCode(setting)))
      .map((key) => variableOf(key, names)),
  };
}

/** The value that a key has in every environment; undefined if there is no such value. */
function commonValue({of}: Classified, environments: readonly string[]): Json | undefined {
  const [first] = of.settings.values();
  if (first?.value === undefined || of.settings.size < environments.length) return undefined;
  const {value} = first;
  return [...of.settings.values()].every(
    (setting) => setting.variable === undefined && isDeepStrictEqual(setting.value, value),
  )
    ? value
    : undefined;
}

function derivedFrom(
  key: Classified,
  keys: readonly Classified[],
  environments: readonly string[],
): readonly Derived[] {
  const {derivation, of} = key;
  if (
    derivation === undefined ||
    derivation.template.length === 0 ||
    key.secret ||
    of.settings.size < environments.length
  )
    return [];
  const from = derivation.from === undefined ? undefined : keys.find((other) => other.of === derivation.from);
  const found: Derived = {key, from, form: derivation.nameForm ?? 0, parts: derivation.template};
  const isExact = [...of.settings].every(([environment, {value}]) => {
    const source = from === undefined ? environment : from.of.settings.get(environment)?.value;
    return typeof source === 'string' && value === rendered(found, source);
  });
  // A chain of templates would have to be resolved in order: one step is enough for what people write.
  return isExact && from?.derivation === undefined ? [found] : [];
}

/** A derived value from the environment's name or the other key's value. */
export function rendered({from, form, parts}: Pick<Derived, 'from' | 'form' | 'parts'>, source: string): string {
  return parts.join(from === undefined ? (nameForms[form]?.(source) ?? source) : source);
}

function variableOf(key: Classified, unique: (name: string) => string): Variable {
  const settings = [...key.of.settings];
  const already = settings.filter(([, {variable, value}]) => variable !== undefined && value === undefined);
  const known = already[0]?.[1].variable;
  const values = settings.flatMap(([environment, {value}]) =>
    value === undefined ? [] : [[environment, value] as const],
  );
  const json = values.map(([, value]) => JSON.stringify(value));
  const isText = values.every(([, value]) => typeof value === 'string' && value.isWellFormed() && isQuotable(value));
  const encoding = isText ? 'text' : json.every(isQuotable) ? 'json' : 'base64 of json';
  return {
    key,
    name: unique(known ?? variableName(key.of.path)),
    encoding,
    texts: new Map(values.map(([environment, value]) => [environment, encoded(value, encoding)])),
    already: already.map(([environment]) => environment),
  };
}

function encoded(value: Json, encoding: Encoding): string {
  if (encoding === 'text') return String(value);
  return encoding === 'json' ? JSON.stringify(value) : Buffer.from(JSON.stringify(value)).toString('base64');
}

/** A .env file has no escapes: a text needs one kind of quote that it does not contain; in double quotes, \n is a line. */
function isQuotable(text: string): boolean {
  if (/[\r\0]/.test(text)) return false;
  return !text.includes("'") || !text.includes('`') || !/["\\]/.test(text);
}

function variableName(path: readonly string[]): string {
  const name = screaming(path.join('_').replaceAll(/[^A-Za-z0-9]+/g, '_'))
    .replaceAll(/_+/g, '_')
    .replaceAll(/^_|_$/g, '');
  return /^[A-Z]/.test(name) ? name : `CONFIG_${name}`;
}

function uniqueNames(): (name: string) => string {
  const taken = new Set<string>();
  return (name) => {
    let found = name;
    for (let count = 2; taken.has(found); count += 1) found = `${name}_${count}`;
    taken.add(found);
    return found;
  };
}
