import {isDeepStrictEqual, parseEnv} from 'node:util';
import type {Classified} from '../classify/index.ts';
import type {Configuration, Json} from '../model/types.ts';
import type {Identity, OutputFile} from './files.ts';
import {rendered} from './plan.ts';

/** A setting as a program gets it: a value, a variable that is read, or code at a place. */
export type Effective = {readonly value: Json} | {readonly variable: string} | {readonly code: true};

interface Declaration {
  readonly environmentVariable: string | null;
  readonly variables: readonly (Identity & {
    readonly name: string;
    readonly encoding: string;
    readonly alreadyReadIn?: readonly string[];
  })[];
  readonly derived: readonly (Identity & {
    readonly from?: Identity;
    readonly form?: number;
    readonly parts: readonly string[];
  })[];
  readonly code: readonly (Identity & {readonly environments: readonly string[]})[];
}

const idOf = ({document, key, path = key.split('.')}: Identity): string => JSON.stringify([document, path]);

/**
 * Loads the written files as a program would: the defaults, the variables of NAME.env and NAME.secrets.env by the
 * declaration, and what is derived from them.
 */
export function putBack(files: readonly OutputFile[], environment: string): ReadonlyMap<string, Effective> {
  const textOf = (name: string): string => files.find((file) => file.name === name)?.text ?? '';
  const declaration = JSON.parse(textOf('declaration.json')) as Declaration;
  const defaults = JSON.parse(textOf('defaults.json')) as readonly (Identity & {readonly value: Json})[];
  const name = environment.replaceAll(/[^\w.-]/g, '_');
  const env = {...parseEnv(textOf(`${name}.env`)), ...parseEnv(textOf(`${name}.secrets.env`))};
  const settings = new Map<string, Effective>(defaults.map((one) => [idOf(one), {value: one.value}]));
  for (const variable of declaration.variables) {
    const text = env[variable.name];
    if (text !== undefined) settings.set(idOf(variable), {value: decoded(text, variable.encoding)});
    else if (variable.alreadyReadIn?.includes(environment) === true)
      settings.set(idOf(variable), {variable: variable.name});
  }
  for (const one of declaration.derived) {
    const other = one.from === undefined ? undefined : settings.get(idOf(one.from));
    const source =
      one.from === undefined
        ? env[declaration.environmentVariable ?? '']
        : other !== undefined && 'value' in other
          ? other.value
          : undefined;
    const from = one.from as Classified | undefined;
    settings.set(idOf(one), {value: rendered({from, form: one.form ?? 0, parts: one.parts}, String(source))});
  }
  for (const one of declaration.code) if (one.environments.includes(environment)) settings.set(idOf(one), {code: true});
  return settings;
}

function decoded(text: string, encoding: string): Json {
  if (encoding === 'text') return text;
  return JSON.parse(encoding === 'json' ? text : Buffer.from(text, 'base64').toString()) as Json;
}

/** The settings of the old files in one environment. */
export function effectiveSettings({keys}: Configuration, environment: string): ReadonlyMap<string, Effective> {
  return new Map(
    keys.flatMap((key): (readonly [string, Effective])[] => {
      const setting = key.settings.get(environment);
      if (setting === undefined) return [];
      const {value, variable} = setting;
      const identity = {document: key.document, key: key.name, path: key.path};
      if (value !== undefined) return [[idOf(identity), {value}]];
      return [[idOf(identity), variable === undefined ? {code: true} : {variable}]];
    }),
  );
}

/** The keys that the written files would set differently from the old ones, with the environment. */
export function differences(configuration: Configuration, files: readonly OutputFile[]): readonly string[] {
  return configuration.environments.flatMap((environment) => {
    const [before, after] = [effectiveSettings(configuration, environment), putBack(files, environment)];
    const ids = new Set([...before.keys(), ...after.keys()]);
    return [...ids]
      .filter((id) => !isDeepStrictEqual(before.get(id), after.get(id)))
      .map((id) => `${(JSON.parse(id) as [string, string[]])[1].join('.')} in ${environment}`);
  });
}
