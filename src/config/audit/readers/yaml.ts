import {
  type Alias,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Document,
  type Node,
  parseAllDocuments,
} from 'yaml';
import type {Json, Part, Reading, Setting} from '../model/types.ts';
import {placeholders} from './placeholders.ts';
import {commonPart, isEnvironmentName, partsOf, type Tree} from './tree.ts';

/** Reads YAML 1.2 with anchors, aliases and merge keys; documents with a Spring profile are environments. */
export function readYaml(file: string, text: string): Reading {
  const lines = new LineCounter();
  const lineOf = (offset: number): number => Math.max(1, lines.linePos(offset).line);
  const parsed = parseAllDocuments(text.replace(/^\uFEFF/, ''), {
    lineCounter: lines,
    prettyErrors: false,
    merge: true,
    uniqueKeys: true,
    logLevel: 'silent',
  });
  const documents = (Array.isArray(parsed) ? parsed : []) as Document.Parsed[];
  const problems = documents.flatMap(({errors}) =>
    errors.slice(0, 1).map(({pos, code}) => ({
      file,
      line: lineOf(pos[0]),
      text: code === 'DUPLICATE_KEY' ? 'sets a key a second time, which YAML does not allow' : 'is not valid YAML',
    })),
  );
  if (problems.length > 0) return {format: 'yaml', parts: [], problems};
  const budget = {nodes: 50_000};
  const scope = (document: Document): Scope => ({document, lineOf, depth: 0, budget, resolved: new Map()});
  const trees = documents.map((document) => treeOf(document.contents, scope(document)));
  const profiles = trees.length === 1 ? [] : trees.map((tree) => profile(tree, file));
  const parts: readonly Part[] =
    trees.length === 1
      ? partsOf(trees[0] ?? {kind: 'map', entries: []}, file)
      : profiles.flatMap(({environments, settings}) => environments.map((environment) => ({environment, settings})));
  const notes = profiles
    .filter(({environments, settings}) => environments.length === 0 && settings.length > 0)
    .map(({line}) => ({file, line, text: 'applies to a profile that is no environment by its name: left out'}));
  const scalar = trees.some(({kind}) => kind === 'value');
  return {
    format: 'yaml',
    parts: parts.map(({environment, settings}) => ({environment, settings: dotted(settings)})),
    notes,
    problems:
      scalar && text.trim() !== '' && parts.every(({settings}) => settings.length === 0)
        ? [{file, line: 1, text: 'is not a map'}]
        : [],
  };
}

/** For Spring, `a.b: 1` and `a: {b: 1}` are one key. */
function dotted(settings: readonly Setting[]): readonly Setting[] {
  if (!settings.some(({path}) => /^(spring|server|management)(\.|$)/.test(path[0] ?? ''))) return settings;
  return settings.map((setting) => Object.assign({}, setting, {path: setting.path.flatMap((part) => part.split('.'))}));
}

interface Scope {
  readonly document: Document;
  readonly lineOf: (offset: number) => number;
  readonly depth: number;
  /** Aliases of aliases can stand for more nodes than there is memory. */
  readonly budget: {nodes: number};
  /** Finding an anchor takes a walk through the document: once for each alias. */
  readonly resolved: Map<Alias, Node | undefined>;
}

function treeOf(node: unknown, scope: Scope): Tree {
  const {document, lineOf, depth, budget} = scope;
  const inner = {...scope, depth: depth + 1};
  budget.nodes -= 1;
  if (budget.nodes < 0 || depth > 64) throw new RangeError('too many nodes');
  const found = (isAlias(node) ? target(node, scope) : node) as Node | null | undefined;
  if (!isMap(found)) {
    const value = found === null || found === undefined ? null : plain(found, document);
    return {kind: 'value', value, extra: typeof value === 'string' ? placeholders(value) : {}};
  }
  const entries = new Map<string, readonly [string, number, Tree]>();
  for (const {key, value} of found.items) {
    if (isScalar(key) && (key.value === '<<' || typeof key.value === 'symbol')) {
      for (const merged of isSeq(value) ? value.items : [value]) {
        const tree = treeOf(merged, inner);
        const line = lineOf(key.range?.[0] ?? 0);
        if (tree.kind === 'map')
          for (const [name, , child] of tree.entries) if (!entries.has(name)) entries.set(name, [name, line, child]);
      }
      continue;
    }
    const name = isScalar(key) ? String(key.value) : String(key);
    entries.set(name, [name, lineOf((key as Node).range?.[0] ?? 0), treeOf(value, inner)]);
  }
  return {kind: 'map', entries: [...entries.values()]};
}

function target(alias: Alias, {document, resolved}: Scope): Node | undefined {
  if (!resolved.has(alias)) resolved.set(alias, alias.resolve(document));
  return resolved.get(alias);
}

function plain(node: Node, document: Document): Json {
  try {
    return JSON.parse(JSON.stringify(node.toJS(document, {maxAliasCount: 100}) ?? null)) as Json;
  } catch {
    return null;
  }
}

const isProfile = ({path}: Setting): boolean =>
  /^spring\.(config\.activate\.on-profile|profiles)$/.test(path.join('.'));

// `spring.config.activate.on-profile: prod`, nested or as one key; `spring.profiles` before Spring Boot 2.4.
function profile(
  tree: Tree,
  file: string,
): {readonly settings: readonly Setting[]; readonly environments: readonly string[]; readonly line: number} {
  const [part] = partsOf(tree, file);
  const settings = part?.settings ?? [];
  const named = settings.find(isProfile);
  const rest = settings.filter((setting) => !isProfile(setting));
  if (named === undefined) return {settings: rest, environments: [commonPart], line: 1};
  const names = String(named.value).split(/[,\s|]+/);
  return {settings: rest, environments: names.filter(isEnvironmentName), line: named.line};
}
