import type {SyntaxNode} from '@lezer/common';
import type {Json} from '../../model/types.ts';

/** A value of a Python module, as far as it is known without running it. */
export type Value =
  | {readonly kind: 'literal'; readonly value: Json; readonly references: readonly string[]}
  | {readonly kind: 'map'; readonly entries: Map<string, Entry>}
  | {readonly kind: 'list'; readonly items: Value[]}
  | {
      readonly kind: 'code';
      readonly text: string;
      readonly references: readonly string[];
      /** The environment variable that it reads. */
      readonly variable?: string | undefined;
      /** The two outcomes, if it decides between two. */
      readonly readings?: readonly [string, string] | undefined;
    };

/** A name or a key with its value and its place. */
export interface Entry {
  readonly value: Value;
  readonly file: string;
  readonly line: number;
  readonly readings?: readonly [string, string] | undefined;
}

/** The names of a module. */
export type Names = Map<string, Entry>;

/** A module under evaluation. */
export interface Module {
  readonly file: string;
  readonly text: string;
  readonly names: Names;
  readonly lineOf: (offset: number) => number;
}

const literal = (value: Json, references: readonly string[] = []): Value => ({kind: 'literal', value, references});

const environmentCall = /^(?:(?:os\.)?environ\.get|(?:os\.)?getenv|env(?:iron)?(?:\.\w+)?|(?:decouple\.)?config)$/;
const environmentItem = /^(?:os\.)?environ$/;

/** The children of a node without comments, punctuation and keywords. */
export function partsOf(node: SyntaxNode): readonly SyntaxNode[] {
  const found: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling)
    if (/^[A-Z]/.test(child.name) && child.name !== 'Comment') found.push(child);
  return found;
}

/** The source text of a node. */
export function textOf({text}: Module, {from, to}: SyntaxNode): string {
  return text.slice(from, to);
}

/** Evaluates an expression of literals and known names; everything else stays source text. */
export function evaluate(module: Module, node: SyntaxNode): Value {
  return known(module, node) ?? code(module, node);
}

/** An expression that stays source text, with the names and the variable that it uses. */
export function code(module: Module, node: SyntaxNode, readings?: readonly [string, string]): Value {
  const references = new Set<string>();
  let variable: string | undefined;
  node.cursor().iterate((ref) => {
    if (ref.name === 'VariableName') {
      const name = module.text.slice(ref.from, ref.to);
      if (module.names.has(name)) references.add(name);
    }
    variable ??= variableOf(module, ref.node);
  });
  return {kind: 'code', text: textOf(module, node), references: [...references], variable, readings};
}

/** The variable that `os.environ['X']`, `os.getenv('X')`, `env('X')` and their like read. */
function variableOf(module: Module, node: SyntaxNode): string | undefined {
  const [callee, inner] = partsOf(node);
  if (callee === undefined || inner === undefined) return undefined;
  const isCall = node.name === 'CallExpression' && environmentCall.test(textOf(module, callee));
  const isItem = node.name === 'MemberExpression' && environmentItem.test(textOf(module, callee));
  const argument = isCall ? partsOf(inner)[0] : isItem ? inner : undefined;
  const value = argument?.name === 'String' ? stringOf(textOf(module, argument)) : undefined;
  return value !== undefined && /^[A-Za-z_]\w*$/.test(value) ? value : undefined;
}

function known(module: Module, node: SyntaxNode): Value | undefined {
  const parts = partsOf(node);
  switch (node.name) {
    case 'Number':
      return numberOf(textOf(module, node));
    case 'Boolean':
      return literal(textOf(module, node) === 'True');
    case 'None':
      return literal(null);
    case 'String': {
      const text = stringOf(textOf(module, node));
      return text === undefined ? undefined : literal(text);
    }
    case 'ContinuedString':
      return joined(parts.map((part) => evaluate(module, part)));
    case 'FormatString':
      return formatted(module, node);
    case 'ParenthesizedExpression':
      return parts.length === 1 && parts[0] !== undefined ? evaluate(module, parts[0]) : undefined;
    case 'ArrayExpression':
    case 'TupleExpression':
    case 'SetExpression':
      return {kind: 'list', items: itemsOf(module, parts)};
    case 'DictionaryExpression':
      return mapOf(module, node);
    case 'VariableName':
      return named(module, textOf(module, node));
    case 'UnaryExpression':
      return unary(module, node);
    case 'BinaryExpression':
      return binary(module, node);
    case 'MemberExpression':
      return member(module, parts);
    case 'CallExpression':
      return call(module, parts);
    case 'ConditionalExpression':
      return code(module, node, [
        `the value if line ${module.lineOf(node.from)}'s condition holds`,
        'the value otherwise',
      ]);
    default:
      return undefined;
  }
}

function named({names}: Module, name: string): Value | undefined {
  const value = names.get(name)?.value;
  if (value?.kind !== 'literal') return value?.kind === 'code' ? undefined : value;
  return {...value, references: [name, ...value.references]};
}

function numberOf(text: string): Value | undefined {
  const value = Number(text.replaceAll('_', ''));
  return Number.isFinite(value) && !/^0\d/.test(text) ? literal(value) : undefined;
}

const escapes: Readonly<Record<string, string>> = {n: '\n', t: '\t', r: '\r', '\\': '\\', "'": "'", '"': '"', '\n': ''};

/** The value of a string literal; undefined for bytes. */
export function stringOf(text: string): string | undefined {
  const [, prefix = '', quotes = '', body = ''] = /^([a-zA-Z]*)('''|"""|'|")([^]*)\2$/.exec(text) ?? [];
  if (quotes === '' || /b/i.test(prefix)) return undefined;
  if (/r/i.test(prefix)) return body;
  return body.replaceAll(
    /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|([^]))/g,
    (all, hex: string | undefined, wide: string | undefined, other: string) =>
      hex !== undefined || wide !== undefined
        ? String.fromCharCode(Number.parseInt(hex ?? wide ?? '', 16))
        : (escapes[other] ?? all),
  );
}

function joined(values: readonly Value[]): Value | undefined {
  if (!values.every((value) => value.kind === 'literal')) return undefined;
  return literal(
    values.map(({value}) => String(value)).join(''),
    values.flatMap(({references}) => references),
  );
}

function formatted(module: Module, node: SyntaxNode): Value | undefined {
  const [, quotes = ''] = /^[a-zA-Z]*('''|"""|'|")/.exec(textOf(module, node)) ?? [];
  let at = module.text.indexOf(quotes, node.from) + quotes.length;
  const values: Value[] = [];
  for (const part of partsOf(node)) {
    if (part.name !== 'FormatReplacement') continue;
    const inner = partsOf(part);
    values.push(literal(module.text.slice(at, part.from)));
    values.push(inner.length === 1 && inner[0] !== undefined ? evaluate(module, inner[0]) : code(module, part));
    at = part.to;
  }
  return joined([...values, literal(module.text.slice(at, node.to - quotes.length))]);
}

/** The items of a list; `*other` stands for those of another one, if they are known. */
function itemsOf(module: Module, parts: readonly SyntaxNode[]): Value[] {
  return parts.flatMap((part) => {
    const value = evaluate(module, part);
    if (part.prevSibling?.name !== '*') return [value];
    return value.kind === 'list' ? value.items : [code(module, part)];
  });
}

function mapOf(module: Module, node: SyntaxNode): Value {
  const entries = new Map<string, Entry>();
  let key: SyntaxNode | undefined;
  let isSpread = false;
  for (let child = node.firstChild; child !== null; child = child.nextSibling) {
    if (child.name === '**') isSpread = true;
    if (!/^[A-Za-z]/.test(child.name) || child.name === 'Comment') continue;
    if (isSpread) {
      const spread = evaluate(module, child);
      if (spread.kind === 'map') for (const [name, entry] of spread.entries) entries.set(name, entry);
      isSpread = false;
    } else if (key === undefined) {
      key = child;
    } else {
      const name = evaluate(module, key);
      const text = name.kind === 'literal' ? String(name.value) : textOf(module, key);
      entries.set(text, {value: evaluate(module, child), file: module.file, line: module.lineOf(key.from)});
      key = undefined;
    }
  }
  return {kind: 'map', entries};
}

function unary(module: Module, node: SyntaxNode): Value | undefined {
  const operand = node.lastChild;
  const value = operand === null ? undefined : evaluate(module, operand);
  if (value?.kind !== 'literal') return undefined;
  const operator = module.text.slice(node.from, operand?.from).trim();
  if (operator === 'not' && typeof value.value === 'boolean') return literal(!value.value, value.references);
  return operator === '-' && typeof value.value === 'number' ? literal(-value.value, value.references) : undefined;
}

const arithmetic: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '//': (a, b) => Math.floor(a / b),
  '**': (a, b) => a ** b,
  '<<': (a, b) => a * 2 ** b,
};

function binary(module: Module, node: SyntaxNode): Value | undefined {
  const [first, last] = [node.firstChild, node.lastChild];
  if (first === null || last === null) return undefined;
  const operator = module.text.slice(first.to, last.from).trim();
  return combined(operator, evaluate(module, first), evaluate(module, last));
}

/** The result of an operator on known values; undefined if it is not known. */
export function combined(operator: string, a: Value, b: Value): Value | undefined {
  if (operator === '+' && a.kind === 'list' && b.kind === 'list')
    return {kind: 'list', items: [...a.items, ...b.items]};
  if (operator === '|' && a.kind === 'map' && b.kind === 'map')
    return {kind: 'map', entries: new Map([...a.entries, ...b.entries])};
  if (a.kind !== 'literal' || b.kind !== 'literal') return undefined;
  const references = [...a.references, ...b.references];
  if (operator === '+' && typeof a.value === 'string' && typeof b.value === 'string')
    return literal(a.value + b.value, references);
  if (typeof a.value !== 'number' || typeof b.value !== 'number') return undefined;
  const result = arithmetic[operator]?.(a.value, b.value);
  return result === undefined || !Number.isFinite(result) ? undefined : literal(result, references);
}

function member(module: Module, [object, key]: readonly SyntaxNode[]): Value | undefined {
  if (object === undefined || key === undefined || key.name === 'PropertyName') return undefined;
  const [container, index] = [evaluate(module, object), evaluate(module, key)];
  if (container.kind !== 'map' || index.kind !== 'literal') return undefined;
  const found = container.entries.get(String(index.value))?.value;
  return found?.kind === 'code' ? undefined : found;
}

function call(module: Module, [callee, list]: readonly SyntaxNode[]): Value | undefined {
  if (callee === undefined || list === undefined) return undefined;
  const name = textOf(module, callee);
  if (name === 'dict') return {kind: 'map', entries: new Map(keywords(module, list))};
  const [only, ...more] = partsOf(list);
  if (!/^(tuple|list|set|frozenset)$/.test(name) || only === undefined || more.length > 0) return undefined;
  const value = evaluate(module, only);
  return value.kind === 'list' ? value : undefined;
}

/** The keyword arguments of a call. */
export function keywords(module: Module, list: SyntaxNode): readonly (readonly [string, Entry])[] {
  const found: [string, Entry][] = [];
  for (let child = list.firstChild; child !== null; child = child.nextSibling) {
    const value = child.nextSibling?.name === 'AssignOp' ? child.nextSibling.nextSibling : null;
    if (child.name !== 'VariableName' || value === null) continue;
    found.push([
      textOf(module, child),
      {value: evaluate(module, value), file: module.file, line: module.lineOf(child.from)},
    ]);
    child = value;
  }
  return found;
}
