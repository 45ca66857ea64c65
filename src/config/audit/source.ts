import {frameworkReads} from './frameworks.ts';
import type {Key} from './model/types.ts';
import {wordsOf} from './model/words.ts';

/** A file of the program that reads the configuration. */
export interface SourceFile {
  readonly file: string;
  readonly text: string;
}

/** Languages in which keys become fields of declared types: each part of a key is a word somewhere in the file. */
const typed = /\.(go|java|kt|kts|cs|rs|scala|swift|fs|vb)$/;

/**
 * Answers whether the source reads a key: by its whole name, by a prefix of it as a whole, step by step
 * (`config.mail['host']`, `parser.get('mail', 'host')`), or as a field of a declared type. A key that a dynamic access
 * can reach counts as read if its last part occurs anywhere.
 */
export function readsOf(files: readonly SourceFile[], keys: readonly Key[]): (key: Key) => boolean {
  const own = new Set(files.flatMap(({file}) => file.replace(/\.\w+$/, '').split('/')));
  const byFramework = frameworkReads(keys, own);
  const sources = files.map(({file, text}) => ({isTyped: typed.test(file), text, words: wordsIn(text)}));
  const everything = new Set(sources.flatMap(({words}) => [...words]));
  return (key) => {
    const hints = hintsOf(key);
    return (
      byFramework(key) ||
      sources.some(({text, words, isTyped}) => {
        if (!hints.some((hint) => words.has(hint))) return false;
        if (readsName(text, key)) return true;
        return isTyped ? readsFields(text, words, key) : readsPath(text, key, everything);
      })
    );
  };
}

/** Words of which a file has at least one if it reads the key: searching all of its text takes much longer. */
function hintsOf({name, path}: Key): readonly string[] {
  const prefixes = name.split('_').map((_, at, all) => plain(all.slice(0, at + 1).join('_')));
  return [...path.map(plain), ...name.split(/[.:]/).map(plain), ...prefixes];
}

/** Every word of a text in lower case without separators, so that `max-lines`, `maxLines` and `MAX_LINES` are one. */
function wordsIn(text: string): ReadonlySet<string> {
  const words = text.match(/[A-Za-z_][\w-]*/g) ?? [];
  return new Set([...words, ...words.flatMap((word) => word.split('-'))].map(plain));
}

function plain(name: string): string {
  return wordsOf(name).join('');
}

const escape = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** The whole name, or a prefix of it that ends at a separator, as a string or, without separators, as a word. */
function readsName(text: string, {name, path}: Key): boolean {
  if (path.length === 1 && /^\w+$/.test(name) && new RegExp(`\\b${escape(name)}\\b`).test(text)) return true;
  if (/[.:-]/.test(name) && new RegExp(`(?<![\\w.-])${escape(name)}(?![\\w-])`).test(text)) return true;
  if (path.length !== 1 || !name.includes('_')) return false;
  const ends = [...name.matchAll(/_/g)].map(({index}) => name.slice(0, index + 1));
  return ends.some((prefix) => prefix.length > 2 && new RegExp(`['"\`]${escape(prefix)}['"\`]`).test(text));
}

/** `@ConfigurationProperties(prefix = "orders")` and fields, or a struct with a field for each part. */
function readsFields(text: string, words: ReadonlySet<string>, {name, path}: Key): boolean {
  const parts = path.length > 1 ? path : name.split(/[.:]/);
  const known = parts.map((part) => words.has(plain(part)));
  if (known.every(Boolean))
    return parts.length === 1 || /prefix|toml:|yaml:|json:|Section|Deserialize|Options|struct|class/.test(text);
  return false;
}

/** Follows a key's path through accesses: `a.b`, `a['b']`, `a.get('b')`, `get('a', 'b')`, `const {b} = a`. */
function readsPath(text: string, {path, name}: Key, everything: ReadonlySet<string>): boolean {
  const parts = path.length > 1 ? path : name.split('.');
  const leaf = parts.at(-1) ?? '';
  const dotted = (length: number): string => escape(parts.slice(0, length).join('.'));
  for (let length = parts.length; length > 0; length -= 1)
    if (
      new RegExp(`[(\\[]\\s*['"\`]${dotted(length)}['"\`]\\s*[\\])]`).test(text) &&
      follows(text, parts, length, everything, leaf)
    )
      return true;
  return starts(text, parts[0] ?? '').some((at) => steps(text, at, parts.slice(1), everything, leaf));
}

// `config.get('mail')` as a whole, or followed by more.
function follows(
  text: string,
  parts: readonly string[],
  length: number,
  everything: ReadonlySet<string>,
  leaf: string,
): boolean {
  const found = new RegExp(`[(\\[]\\s*['"\`]${escape(parts.slice(0, length).join('.'))}['"\`]`, 'g');
  return [...text.matchAll(found)].some(({0: all, index}) =>
    steps(text, index + all.length, parts.slice(length), everything, leaf),
  );
}

/** The places behind each read of a name: `.name`, `['name']`, `{name} =`. */
function starts(text: string, name: string): readonly number[] {
  const word = escape(name);
  const access = new RegExp(
    `(?:\\.|\\?\\.)${word}\\b(?!\\s*=[^=>])|[(\\[,]\\s*['"\`]${word}['"\`]|=\\s*['"\`]${word}['"\`]`,
    'g',
  );
  const ends = [...text.matchAll(access)].map(({0: all, index}) => index + all.length);
  return destructures(text, word) ? [...ends, -1] : ends;
}

function destructures(text: string, word: string): boolean {
  return [...text.matchAll(/\{([^{}]*)\}\s*=\s*[\w.[\]'"]+/g)].some(([, names = '']) =>
    new RegExp(`\\b${word}\\b`).test(names),
  );
}

function steps(
  text: string,
  at: number,
  rest: readonly string[],
  everything: ReadonlySet<string>,
  leaf: string,
): boolean {
  const [next, ...further] = rest;
  // Read as a whole: the rest is read with it.
  if (next === undefined) return true;
  const known = everything.has(plain(leaf));
  if (at === -1) return true;
  const behind = text.slice(at, at + 200);
  const named =
    /^\s*['"`]?\s*[)\]]*\s*(?:\?\.|\.|\?\.\[|\[|,)\s*(?:get\w*\(\s*|fetch\(\s*)?(?:['"`]([\w.-]+)['"`]|(?<=\.\s*)([A-Za-z_]\w*))/.exec(
      behind,
    );
  if (named !== null) {
    const word = named[1] ?? named[2] ?? '';
    if (word === next || plain(word) === plain(next))
      return steps(text, at + named[0].length, further, everything, leaf);
    if (
      named[2] !== undefined &&
      /^(get\w*|fetch|items|keys|values|entries|forEach|map|filter|toObject|length)$/.test(word)
    )
      return known;
    return destructuredFrom(text, at, next) === true && further.length === 0;
  }
  const isDynamic =
    /^\s*['"`]?\s*\]?\s*\[\s*[A-Za-z_]/.test(behind) || (/^\s*\n/.test(behind) && text.slice(0, at).endsWith('"'));
  if (isDynamic) return known;
  return destructuredFrom(text, at, next) ?? !/^\s*['"`]\s*$/.test(behind.split('\n')[0] ?? '');
}

/** `const {host, port} = config.mail;`: undefined if nothing is taken apart there. */
function destructuredFrom(text: string, at: number, name: string): boolean | undefined {
  const line = text.slice(text.lastIndexOf('\n', at) + 1, at);
  const [, names] = /\{([^{}]*)\}\s*=\s*[\w.[\]'"?]*$/.exec(line) ?? [];
  if (names === undefined) return undefined;
  return new RegExp(`\\b${escape(name)}\\b|\\.\\.\\.`).test(names);
}
