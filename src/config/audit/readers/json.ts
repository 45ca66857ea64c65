import {type Node, parseTree, type ParseError} from 'jsonc-parser';
import type {Json, Reading, Setting} from '../model/types.ts';
import {lastOfEach, lineFinder} from './duplicates.ts';
import {partsOf, type Tree} from './tree.ts';

/** Reads JSON, with comments and trailing commas as many programs accept them. */
export function readJson(file: string, text: string): Reading {
  const lineOf = lineFinder(text);
  const errors: ParseError[] = [];
  const root = parseTree(text.replace(/^\uFEFF/, ' '), errors, {allowTrailingComma: true});
  const [first] = errors;
  const problems = first === undefined ? [] : [{file, line: lineOf(first.offset), text: 'is not valid JSON'}];
  const tree = root === undefined ? undefined : treeOf(root, lineOf);
  const isMap = tree?.kind === 'map';
  const parts = tree === undefined || problems.length > 0 ? [] : partsOf(tree, file);
  return {
    format: 'json',
    parts: parts.map(({environment, settings}) => ({environment, settings: lastOfEach(settings)})),
    problems: isMap || problems.length > 0 ? problems : [{file, line: 1, text: 'is not an object'}],
  };
}

function treeOf(node: Node, lineOf: (offset: number) => number): Tree {
  if (node.type !== 'object') return {kind: 'value', value: valueOf(node)};
  const entries = (node.children ?? []).map(({children: [key, value] = []}) => {
    const child: Tree = value === undefined ? {kind: 'value', value: null} : treeOf(value, lineOf);
    return [String(key?.value), lineOf(key?.offset ?? 0), child] as const;
  });
  return {kind: 'map', entries};
}

function valueOf(node: Node): Json {
  if (node.type === 'array') return (node.children ?? []).map(valueOf);
  if (node.type !== 'object') return (node.value ?? null) as Json;
  return Object.fromEntries(
    (node.children ?? []).map(({children: [key, value] = []}) => [
      String(key?.value),
      value === undefined ? null : valueOf(value),
    ]),
  );
}

/**
 * The variables of node-config's custom-environment-variables.json: each value is the name of a variable, or
 * `{"__name": NAME, "__format": FORMAT}`.
 */
export function variableNames(settings: readonly Setting[]): readonly Setting[] {
  return settings
    .filter(({path, value}) => path.at(-1) !== '__format' && typeof value === 'string')
    .map(({path, value, file, line}) => ({
      path: path.at(-1) === '__name' ? path.slice(0, -1) : path,
      value: undefined,
      variable: String(value),
      file,
      line,
    }));
}
