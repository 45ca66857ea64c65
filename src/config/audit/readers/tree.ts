import type {Json, Part, Setting} from '../model/types.ts';

/** A value with the lines of its keys, from which settings follow. */
export type Tree =
  | {readonly kind: 'map'; readonly entries: readonly (readonly [string, number, Tree])[]}
  | {readonly kind: 'value'; readonly value: Json; readonly extra?: Partial<Setting> | undefined};

/** The settings of a tree: one for each value; a list is one value, and so is an empty map. */
export function settingsOf(tree: Tree, file: string, path: readonly string[] = [], line = 1): readonly Setting[] {
  if (tree.kind === 'value') return path.length === 0 ? [] : [{path, value: tree.value, file, line, ...tree.extra}];
  if (tree.entries.length === 0 && path.length > 0) return [{path, value: {}, file, line}];
  return tree.entries.flatMap(([name, at, child]) => settingsOf(child, file, [...path, name], at));
}

const environmentName =
  /^(dev|devel|develop|development|local|test|tests|testing|ci|qa|uat|int|integration|sit|stage|stg|staging|rc|pre|preprod|preproduction|preview|demo|sandbox|perf|prod|prd|production|live)([-_.]?\w+)?$/i;
const commonName = /^(default|defaults|base|common|shared|global|all)$/i;

/** Is this how an environment is usually called? `prod-eu` is, too. */
export function isEnvironmentName(name: string): boolean {
  const [first = ''] = name.split(/[-_.]/);
  return environmentName.test(name) && (environmentName.exec(first)?.[2] === undefined || name === first);
}

/** Is this how settings for all environments are usually called? */
export function isCommonName(name: string): boolean {
  return commonName.test(name);
}

/** The parts of a tree whose top-level keys are environments (`default`, `development`, `production`); else one. */
export function partsOf(tree: Tree, file: string): readonly Part[] {
  const maps = tree.kind === 'map' ? tree.entries : [];
  const environments = maps.filter(([name]) => isEnvironmentName(name));
  const isSplit =
    environments.length + (maps.some(([name]) => isCommonName(name)) ? 1 : 0) >= 2 &&
    environments.length > 0 &&
    maps.every(([name, , child]) => child.kind === 'map' && (isEnvironmentName(name) || isCommonName(name)));
  if (!isSplit) return [{settings: settingsOf(tree, file)}];
  return maps.map(([name, line, child]) => ({
    environment: isCommonName(name) ? commonPart : name,
    settings: settingsOf(child, file, [], line),
  }));
}

/** Marks the part of a file that applies to all of its environments. */
export const commonPart = '*';
