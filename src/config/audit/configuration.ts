import {basename} from 'node:path';
import {type GivenFile, placeFiles} from './environments.ts';
import type {Configuration, FileProblem, Key, Part, Reading, Setting} from './model/types.ts';
import {variableNames} from './readers/json.ts';
import {commonPart} from './readers/tree.ts';

/** A file of the command line with what it says. */
export interface ReadFile {
  readonly file: string;
  readonly environment?: string | undefined;
  readonly reading: Reading;
}

/** The environments of a configuration with their files, for the report. */
export interface Environments {
  readonly filesOf: ReadonlyMap<string, readonly string[]>;
  /** Files that were left out. */
  readonly left: readonly FileProblem[];
}

interface MutableKey extends Key {
  readonly settings: Map<string, Setting>;
}

const onlyEnvironment = 'the only environment';
const variablesFile = /^custom-environment-variables\.jsonc?$/;

/** Puts the files together: what applies to all environments first, each environment's own on top. */
export function configurationOf(files: readonly ReadFile[]): Configuration & Environments {
  const imported = new Set(files.flatMap(({reading}) => reading.imports ?? []));
  const settings = files.filter(({file}) => !imported.has(file) && !variablesFile.test(basename(file)));
  const given = settings.map(({file, environment, reading}): GivenFile => {
    const own = reading.parts.flatMap((part) => part.settings);
    return {
      file,
      environment,
      hasEnvironments: reading.parts.some((part) => part.environment !== undefined && part.environment !== commonPart),
      keys: new Set(own.map(({path}) => path.join('.'))),
    };
  });
  const places = new Map(placeFiles(given).map((place) => [place.file, place]));
  const parts = settings.flatMap(({file, reading}) => {
    const place = places.get(file);
    if (place === undefined) return [];
    return reading.parts.map((part) => ({
      ...partOf(part, place.environment),
      file,
      document: place.document,
      format: reading.format,
    }));
  });
  const found = [...new Set(parts.flatMap(({environment}) => environment ?? []))];
  const names = found.length === 0 ? [onlyEnvironment] : found;
  const keys = new Map<string, MutableKey>();
  const filesOf = new Map<string, string[]>(names.map((name) => [name, []]));
  // A document that only some environments have is common to none of the others.
  const layers = [
    ...parts.filter(({environment}) => environment === undefined),
    ...parts.filter(({environment}) => environment !== undefined),
  ];
  for (const {environment, settings: own, file, document, format} of layers) {
    for (const name of environment === undefined ? names : [environment]) {
      const list = filesOf.get(name);
      if (list?.includes(file) === false) list.push(file);
      for (const setting of own) {
        const key = keyOf(keys, document, format, setting.path);
        key.settings.set(name, overlaid(key.settings.get(name), setting));
      }
    }
  }
  const variables = files.filter(({file}) => variablesFile.test(basename(file)));
  for (const {reading} of variables) addVariables(keys, names, reading.parts);
  const left = settings
    .filter(({file}) => !places.has(file))
    .map(({file}) => ({file, line: 1, text: `is no environment by its name: left out; NAME=${file} makes it one`}));
  return {environments: names, filesOf, left, keys: [...keys.values()]};
}

function partOf({environment, settings}: Part, ofFile: string | undefined): Part {
  return {environment: environment === commonPart ? undefined : (environment ?? ofFile), settings};
}

/** A key's place is where it is set first. */
function overlaid(before: Setting | undefined, after: Setting): Setting {
  return before === undefined ? after : {...after, file: before.file, line: before.line};
}

/** The variables that node-config reads over the files: a key that only they have is read from its variable alone. */
function addVariables(keys: Map<string, MutableKey>, names: readonly string[], parts: readonly Part[]): void {
  const [document = ''] = [...keys.values()].map((key) => key.document);
  for (const setting of variableNames(parts.flatMap((part) => part.settings))) {
    const key = keyOf(keys, document, 'json', setting.path);
    for (const name of key.settings.size === 0 ? names : [...key.settings.keys()])
      key.settings.set(name, {...(key.settings.get(name) ?? setting), variable: setting.variable});
  }
}

function keyOf(
  keys: Map<string, MutableKey>,
  document: string,
  format: Key['format'],
  path: readonly string[],
): MutableKey {
  const id = `${document}\0${JSON.stringify(path)}`;
  const key = keys.get(id) ?? {name: path.join('.'), path, document, format, settings: new Map<string, Setting>()};
  keys.set(id, key);
  return key;
}
