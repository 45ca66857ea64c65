import {globSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {balanced, lineOf, splitOutside} from './source-text.ts';

/** Texts of the sources by their paths. */
export type Sources = ReadonlyMap<string, string>;

/** A code that a call of `problem({...})` gives. */
export interface ProblemCode {
  readonly code: string;
  /** `src/image/find.ts:48` */
  readonly place: string;
  /** As written: `exitCode.badData`, an expression, or undefined for the default. */
  readonly exitCode: string | undefined;
}

export function readSources(root: string): Sources {
  const files = globSync('src/**/*.ts', {cwd: root}).toSorted();
  return new Map(files.map((file) => [file, readFileSync(join(root, file), 'utf8')]));
}

/**
 * The codes of all calls of `problem`. A call that keeps the code of another problem (`code: error.code`, `...error`)
 * adds none; a function with `code` as its first parameter adds the literals that its file passes to it.
 * @throws Error for any other code that is no literal: the reference could not list it
 */
export function problemCodes(sources: Sources): readonly ProblemCode[] {
  return [...sources].flatMap(([file, source]) => {
    const text = withoutDocstrings(source);
    return [...text.matchAll(/(?<!function )\bproblem\(\{/g)].flatMap((match) => {
      const place = `${file}:${lineOf(text, match.index)}`;
      const {code, exitCode, rest} = properties(balanced(text, match.index + match[0].length - 1));
      if (code === undefined ? rest !== undefined : /^\w+\.code$/.test(code)) return [];
      const codes = code === 'code' ? passedCodes(text, match.index) : literals(code ?? '');
      if (codes.length === 0) throw new Error(`${place}: the code of a problem must be a literal, not ${code}`);
      return codes.map((literal) => ({code: literal, place, exitCode: exitCode ?? rest}));
    });
  });
}

const literals = (text: string): readonly string[] => [...text.matchAll(/'([a-z_]+)'/g)].map(([, code = '']) => code);

/** The arguments of the call around the offset; its first parameter is `code`. */
function passedCodes(text: string, offset: number): readonly string[] {
  const around = [...text.slice(0, offset).matchAll(/\bfunction (\w+)\(/g)].at(-1)?.[1] ?? '';
  if (!new RegExp(`\\bfunction ${around}\\(code: `).test(text)) return [];
  return [...text.matchAll(new RegExp(`\\b${around}\\('([a-z_]+)'`, 'g'))].map(([, code = '']) => code);
}

// Examples in docstrings have codes of services. Every character keeps its offset.
const withoutDocstrings = (text: string): string =>
  text.replaceAll(/^ *\/\*\*[^]*?\*\//gm, (docstring) => docstring.replaceAll(/[^\n]/g, ' '));

/** The properties of an object literal; a shorthand is its own value, `rest` is the spread expression. */
function properties(body: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    splitOutside(body, ',').map((part) => {
      const text = part.replaceAll(/^\s*\/\/.*$/gm, '').trim();
      if (text.startsWith('...')) return ['rest', text];
      const [, name = text, value = text] = /^(\w+):\s*([^]*)$/.exec(text) ?? [];
      return [name, value];
    }),
  );
}

/** Codes that docstrings name behind `@throws Problem`, with their places. */
export function announcedCodes(sources: Sources): readonly Pick<ProblemCode, 'code' | 'place'>[] {
  return [...sources].flatMap(([file, text]) =>
    [...text.matchAll(/@throws \{?Problem\b\}?([^]*?)(?=\*\/|\n *\* @|\n *\*\n)/g)].flatMap((match) => {
      const [, rest = ''] = match;
      // The list right after it; further down, a word in backticks is a code if it looks like one.
      const [list = ''] = /^(?:[\s*,]|\bor\b|\band\b|\(exit code \d+\)|`\w+`)*/.exec(rest) ?? [];
      const codes = [...list.matchAll(/`([a-z_]+)`/g), ...rest.slice(list.length).matchAll(/`([a-z]+_[a-z_]+)`/g)];
      return codes.map(([, code = '']) => ({code, place: `${file}:${lineOf(text, match.index)}`}));
    }),
  );
}
