import {getStaticTOMLValue, type AST, parseTOML} from 'toml-eslint-parser';
import type {Json, Reading} from '../model/types.ts';
import {partsOf, type Tree} from './tree.ts';

interface Table {
  readonly kind: 'map';
  readonly entries: [string, number, Tree][];
}

/** Reads TOML 1.0 and 1.1: tables, dotted keys, inline tables; an array of tables is one value. */
export function readToml(file: string, text: string): Reading {
  let program: AST.TOMLProgram;
  try {
    program = parseTOML(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    const line = Number((error as {lineNumber?: unknown}).lineNumber);
    return {format: 'toml', parts: [], problems: [{file, line: line > 0 ? line : 1, text: 'is not valid TOML'}]};
  }
  const root: Table = {kind: 'map', entries: []};
  const arrays: string[][] = [];
  for (const node of program.body[0].body) {
    if (node.type === 'TOMLKeyValue') {
      add(root, node);
      continue;
    }
    const path = node.resolvedKey.map(String);
    const line = node.loc.start.line;
    const inArray = arrays.find((array) => array.every((name, at) => path[at] === name));
    if (node.kind === 'array' && inArray === undefined)
      arrays.push(node.resolvedKey.filter((name) => typeof name === 'string'));
    if (node.kind === 'array' || inArray !== undefined) continue;
    const table = tableAt(root, path, line);
    for (const pair of node.body) add(table, pair);
  }
  const whole = arrays.length === 0 ? {} : getStaticTOMLValue(program);
  for (const path of arrays) {
    const node = program.body[0].body.find(
      (one) =>
        one.type === 'TOMLTable' && one.kind === 'array' && path.every((name, at) => one.resolvedKey[at] === name),
    );
    const value = path.reduce<unknown>((found, name) => (found as Record<string, unknown> | undefined)?.[name], whole);
    const line = node?.loc.start.line ?? 1;
    tableAt(root, path.slice(0, -1), line).entries.push([
      path.at(-1) ?? '',
      line,
      {kind: 'value', value: toJson(value)},
    ]);
  }
  return {format: 'toml', parts: partsOf(root, file), problems: []};
}

function add(table: Table, {key, value, loc}: AST.TOMLKeyValue): void {
  const names = key.keys.map((part) => (part.type === 'TOMLBare' ? part.name : part.value));
  const line = loc.start.line;
  const parent = tableAt(table, names.slice(0, -1), line);
  const name = names.at(-1) ?? '';
  if (value.type !== 'TOMLInlineTable') {
    parent.entries.push([name, line, {kind: 'value', value: toJson(getStaticTOMLValue(value))}]);
    return;
  }
  const inner = tableAt(parent, [name], line);
  for (const pair of value.body) add(inner, pair);
}

function tableAt(table: Table, path: readonly string[], line: number): Table {
  return path.reduce((parent, name) => {
    const found = parent.entries.find(([key]) => key === name)?.[2];
    if (found?.kind === 'map') return found as Table;
    const made: Table = {kind: 'map', entries: []};
    parent.entries.push([name, line, made]);
    return made;
  }, table);
}

/** Dates are text in the form of the file's; integers beyond 2^53 too. */
function toJson(value: unknown): Json {
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value !== 'object' || value === null) return (value ?? null) as Json;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toJson(item)]));
}
