import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  Scalar,
  visit,
  type YAMLMap,
} from 'yaml';

// What deploy.yaml says beyond its values: the text of a scalar as it was written, and the line of every key.

/** A problem of the file. */
export interface FileProblem {
  readonly line: number;
  readonly text: string;
}

/** A parsed YAML file. */
export interface YamlFile {
  /** Its content; undefined if it is empty. */
  readonly value: unknown;
  /** Problems of the syntax: the value is incomplete if there are any. */
  readonly problems: readonly FileProblem[];
  /** The line of a key if it exists, else of the nearest node around it. */
  readonly lineOf: (path: readonly (string | number)[]) => number;
}

/** Keys whose values are text for another program: a number there is what was written, `0123` and not 123. */
const textMaps: ReadonlySet<string> = new Set(['environment', 'labels', 'options']);
/** Maps whose keys are names of the user's choice, which can begin with `x-`. */
const namedMaps: ReadonlySet<string> = new Set([
  ...textMaps,
  'secrets',
  'volumes',
  'skip',
  'environments',
  'backing_services',
]);

/**
 * Parses YAML 1.2 with merge keys (`<<`). Numbers, booleans and dates in `environment`, `labels` and `options` become the
 * text that was written; keys that begin with `x-` are left out, as in Compose files: they hold anchors.
 */
export function parseYaml(text: string): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(text.replace(/^\uFEFF/, ''), {
    lineCounter: lines,
    prettyErrors: false,
    merge: true,
    strict: true,
  });
  const lineAt = (offset: number): number => Math.max(1, lines.linePos(offset).line);
  keepText(document);
  // A tag that is not resolved is only a warning of the parser; its value would not be what the file says.
  const problems = [...document.errors, ...document.warnings].map(({code, pos, message}) => ({
    line: lineAt(pos[0]),
    text: problemText(code, message),
  }));
  return {
    value: problems.length > 0 ? undefined : withoutExtensions(document.toJS() as unknown),
    problems,
    lineOf: (path) => lineOf(document, path, lineAt),
  };
}

function problemText(code: string, message: string): string {
  if (code === 'DUPLICATE_KEY') return 'this key is already set above';
  if (code === 'TAB_AS_INDENT') return 'YAML allows no tabs in the indentation; write spaces';
  if (code === 'MULTIPLE_DOCS') return 'a second document begins here; one file describes one service';
  return message.split('\n')[0] ?? '';
}

/** Replaces scalars by their text where a map holds text. An alias is replaced, since its anchor can be a number elsewhere. */
function keepText(document: Document): void {
  const texts = (map: unknown): void => {
    const found = isAlias(map) ? map.resolve(document) : map;
    if (!isMap(found)) return;
    for (const pair of found.items as Pair<Node, Node | null>[]) {
      if (isScalar(pair.key) && pair.key.value === '<<') mergedMaps(pair.value).forEach(texts);
      else pair.value = asText(pair.value);
    }
  };
  const asText = (node: Node | null): Node | null => {
    const scalar = isAlias(node) ? (node as Alias).resolve(document) : node;
    if (!isScalar(scalar) || typeof scalar.value === 'string' || scalar.value === null) return node;
    const text = new Scalar(scalar.source ?? String(scalar.value));
    if (node?.range) text.range = node.range;
    return text;
  };
  visit(document, {
    Pair: (_, {key, value}) => {
      if (isScalar(key) && textMaps.has(String(key.value))) texts(value);
    },
  });
}

function mergedMaps(value: unknown): readonly unknown[] {
  return isSeq(value) ? value.items : [value];
}

function withoutExtensions(value: unknown, named = false): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutExtensions(item));
  if (Object.prototype.toString.call(value) !== '[object Object]') return value;
  return Object.fromEntries(
    Object.entries(value as Record<string, unknown>)
      .filter(([key]) => named || !key.startsWith('x-'))
      .map(([key, item]) => [key, withoutExtensions(item, namedMaps.has(key))]),
  );
}

function lineOf(document: Document, path: readonly (string | number)[], lineAt: (offset: number) => number): number {
  const key = path.at(-1);
  const parent = path.length === 0 ? document.contents : nodeAt(document, path.slice(0, -1));
  if (key !== undefined && isMap(parent)) {
    const pair = (parent as YAMLMap).items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
    const range = (pair?.key as Node | undefined)?.range;
    if (range) return lineAt(range[0]);
  }
  const node = nodeAt(document, path);
  if (node?.range) return lineAt(node.range[0]);
  return path.length === 0 ? 1 : lineOf(document, path.slice(0, -1), lineAt);
}

/** The node at a path, which can lead through aliases; undefined if there is none, as behind a merge key. */
function nodeAt(document: Document, path: readonly (string | number)[]): Node | undefined {
  let node: unknown = document.contents;
  for (const key of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (!isMap(node) && !isSeq(node)) return undefined;
    node = node.get(key, true);
  }
  return (isAlias(node) ? node.resolve(document) : node) as Node | undefined;
}
