import {posix} from 'node:path';
import type {SyntaxNode} from '@lezer/common';
import {parser} from '@lezer/python';
import type {FileProblem, ReadText} from '../../model/types.ts';
import {lineFinder} from '../duplicates.ts';
import {
  code,
  combined,
  type Entry,
  evaluate,
  keywords,
  type Module,
  type Names,
  partsOf,
  textOf,
  type Value,
} from './values.ts';

/** The names that a module has once it is loaded. */
export interface Loaded {
  readonly names: Names;
  /** Classes of settings, by their names, with the names of their bases. */
  readonly classes: ReadonlyMap<
    string,
    {readonly names: Names; readonly bases: readonly string[]; readonly line: number}
  >;
  readonly imports: readonly string[];
  readonly notes: readonly FileProblem[];
  readonly problems: readonly FileProblem[];
}

interface State {
  readonly module: Module;
  readonly classes: Map<string, {names: Names; bases: readonly string[]; line: number}>;
  readonly imports: string[];
  readonly notes: FileProblem[];
  readonly readText: ReadText;
  readonly seen: readonly string[];
}

/** Reads the assignments of a module in order, with those that it imports; runs nothing. */
export function loadModule(file: string, text: string, readText: ReadText, seen: readonly string[] = []): Loaded {
  const tree = parser.parse(text);
  const module: Module = {file, text, names: new Map(), lineOf: lineFinder(text)};
  const state: State = {module, classes: new Map(), imports: [], notes: [], readText, seen: [...seen, file]};
  const problems: FileProblem[] = [];
  tree.iterate({
    enter: ({type, from}) => {
      if (type.isError && problems.length === 0)
        problems.push({file, line: module.lineOf(from), text: 'has a syntax error, or Python that is not known here'});
    },
  });
  if (problems.length === 0) body(state, tree.topNode);
  return {names: module.names, classes: state.classes, imports: state.imports, notes: state.notes, problems};
}

function body(state: State, block: SyntaxNode): void {
  for (const node of partsOf(block)) statement(state, node);
}

function statement(state: State, node: SyntaxNode): void {
  const {module} = state;
  const line = module.lineOf(node.from);
  const note = (text: string): void => void state.notes.push({file: module.file, line, text});
  if (node.name === 'ImportStatement') return importNames(state, node, false);
  if (node.name === 'AssignStatement') return assign(module, node);
  if (node.name === 'UpdateStatement') return update(module, node);
  if (node.name === 'ExpressionStatement') {
    if (/^(locals|globals|vars|exec|setattr)\b/.test(textOf(module, node)))
      note('sets names in a way that only running it shows');
    return mutate(module, node.firstChild);
  }
  if (node.name === 'IfStatement') return branches(state, node, 'the condition');
  if (node.name === 'TryStatement') return branches(state, node, 'no exception');
  if (node.name === 'ClassDefinition') return classSettings(state, node);
  if (/^(For|While|With|Match)Statement$/.test(node.name)) note('sets names in a loop or a block that is not read');
}

function setName({names, file, lineOf}: Module, node: SyntaxNode, name: string, value: Value): void {
  names.set(name, {value, file, line: lineOf(node.from)});
}

function assign(module: Module, node: SyntaxNode): void {
  const sides: SyntaxNode[][] = [[]];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) {
    if (child.name === 'AssignOp') sides.push([]);
    else if (child.name !== 'TypeDef' && child.name !== 'Comment' && child.name !== ',') sides.at(-1)?.push(child);
  }
  const right = sides.pop() ?? [];
  const [only] = right;
  if (only === undefined || sides.length === 0) return;
  const isTuple = right.length > 1 || module.text.slice(only.to, node.to).trim() === ',';
  const value: Value = isTuple
    ? {kind: 'list', items: right.map((item) => evaluate(module, item))}
    : evaluate(module, only);
  for (const targets of sides) {
    for (const [at, target] of targets.entries()) {
      const part = targets.length > 1 && value.kind === 'list' ? (value.items[at] ?? code(module, node)) : value;
      if (target.name === 'VariableName') setName(module, target, textOf(module, target), part);
      else setItem(module, target, part);
    }
  }
}

/** `DATABASES['default']['HOST'] = ...` */
function setItem(module: Module, target: SyntaxNode, value: Value): void {
  const [object, key] = partsOf(target);
  if (target.name !== 'MemberExpression' || object === undefined || key === undefined) return;
  const [container, index] = [evaluate(module, object), evaluate(module, key)];
  if (container.kind !== 'map' || index.kind !== 'literal') return;
  container.entries.set(String(index.value), {value, file: module.file, line: module.lineOf(target.from)});
}

function update(module: Module, node: SyntaxNode): void {
  const [target, right] = [node.firstChild, node.lastChild];
  if (target === null || right === null || target.name !== 'VariableName') return;
  const operator = module.text.slice(target.to, right.from).trim().replace(/=$/, '');
  const before = module.names.get(textOf(module, target))?.value;
  const after = before === undefined ? undefined : combined(operator, before, evaluate(module, right));
  setName(module, target, textOf(module, target), after ?? code(module, node));
}

/** `MIDDLEWARE.insert(0, ...)`, `DATABASES['default'].update(HOST=...)`: methods that change a list or a dict. */
function mutate(module: Module, node: SyntaxNode | null): void {
  if (node?.name !== 'CallExpression') return;
  const [callee, list] = partsOf(node);
  const [object, method] = callee?.name === 'MemberExpression' ? partsOf(callee) : [];
  if (object === undefined || method?.name !== 'PropertyName' || list === undefined) return;
  const target = evaluate(module, object);
  const values = partsOf(list).map((part) => evaluate(module, part));
  const [first, second] = values;
  const name = textOf(module, method);
  if (target.kind === 'map' && name === 'update') {
    const given = first?.kind === 'map' ? [...first.entries] : [];
    for (const [key, entry] of [...given, ...keywords(module, list)]) target.entries.set(key, entry);
  }
  if (target.kind === 'map' && name === 'pop' && first?.kind === 'literal') target.entries.delete(String(first.value));
  if (target.kind !== 'list' || first === undefined) return;
  if (name === 'append') target.items.push(first);
  if (name === 'extend' && first.kind === 'list') target.items.push(...first.items);
  if (name === 'insert' && second !== undefined && first.kind === 'literal')
    target.items.splice(Number(first.value), 0, second);
  if (name === 'remove') {
    const at = target.items.findIndex((item) => JSON.stringify(item) === JSON.stringify(first));
    if (at !== -1) target.items.splice(at, 1);
  }
}

/** The names that a conditional or a try sets: each has two readings, and which one counts is not known. */
function branches(state: State, node: SyntaxNode, condition: string): void {
  const {module} = state;
  const blocks = partsOf(node).filter(({name}) => name === 'Body');
  const line = module.lineOf(node.from);
  const found = blocks.map((block) => {
    const inner: State = {...state, module: {...module, names: new Map(module.names)}};
    for (const child of partsOf(block)) {
      if (child.name === 'ImportStatement') importNames(inner, child, true);
      else statement(inner, child);
    }
    return inner.module.names;
  });
  const names = new Set(
    found.flatMap((scope) =>
      [...scope].filter(([name, entry]) => entry !== module.names.get(name)).map(([name]) => name),
    ),
  );
  for (const name of names) {
    const set = found.flatMap((scope): Entry[] => {
      const entry = scope.get(name);
      return entry === undefined || entry === module.names.get(name) ? [] : [entry];
    });
    const [first, second] = [set[0], set[1] ?? module.names.get(name)];
    const readings: [string, string] = [
      `line ${first?.line ?? line} counts, given ${condition} of line ${line}`,
      second === undefined ? 'it is not set otherwise' : `line ${second.line} counts otherwise`,
    ];
    module.names.set(name, {value: code(module, node), file: module.file, line: first?.line ?? line, readings});
  }
}

function classSettings(state: State, node: SyntaxNode): void {
  const {module} = state;
  const [name, ...rest] = partsOf(node);
  const block = rest.find(({name: type}) => type === 'Body');
  const list = rest.find(({name: type}) => type === 'ArgList');
  if (name === undefined || block === undefined) return;
  const bases = list === undefined ? [] : partsOf(list).map((part) => textOf(module, part));
  const inherited = bases.flatMap((base) => [...(state.classes.get(base)?.names ?? [])]);
  const own: Names = new Map();
  const inner: State = {...state, module: {...module, names: new Map([...module.names, ...inherited])}};
  for (const child of partsOf(block)) if (/^(Assign|Update|If)Statement$/.test(child.name)) statement(inner, child);
  for (const [key, entry] of inner.module.names) if (entry !== module.names.get(key)) own.set(key, entry);
  if (own.size > 0) state.classes.set(textOf(module, name), {names: own, bases, line: module.lineOf(node.from)});
}

const importForm = /^from\s+(\.*)([\w.]*)\s+import\s+([^]*)$/;

function importNames(state: State, node: SyntaxNode, isOptional: boolean): void {
  const {module, readText, seen} = state;
  const [, dots = '', name = '', wanted = ''] = importForm.exec(textOf(module, node)) ?? [];
  if (dots === '' && name === '') return;
  const isEverything = wanted.trim() === '*';
  const file = candidates(module.file, dots.length, name).find((path) => readText(path) !== undefined);
  if (file === undefined || seen.includes(file)) {
    if (isEverything)
      state.notes.push({
        file: module.file,
        line: module.lineOf(node.from),
        text: `imports everything of ${dots}${name}, which is not there${isOptional ? ', if it exists' : ''}`,
      });
    return;
  }
  const {names, imports, notes, problems} = loadModule(file, readText(file) ?? '', readText, seen);
  state.imports.push(file, ...imports);
  state.notes.push(...notes, ...problems);
  const single = wanted
    .replaceAll(/[()]/g, '')
    .split(',')
    .map((part) => part.trim().split(/\s+as\s+/));
  for (const [key, entry] of names) {
    const [, alias = key] = single.find(([from]) => from === key) ?? [];
    if (isEverything ? !key.startsWith('_') : single.some(([from]) => from === key)) module.names.set(alias, entry);
  }
}

/** The files that a module's name can mean, seen from the file that imports it. */
function candidates(file: string, dots: number, name: string): readonly string[] {
  const path = name.replaceAll('.', '/');
  const forms = (base: string): readonly string[] => [
    posix.join(base, `${path}.py`),
    posix.join(base, path, '__init__.py'),
  ];
  let base = posix.dirname(file);
  if (dots > 0) return forms(posix.join(base, ...Array.from({length: dots - 1}, () => '..')));
  const found = [...forms(base)];
  for (let depth = 0; depth < 8; depth += 1) {
    base = posix.join(base, '..');
    found.push(...forms(base));
  }
  return found;
}
