import {readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {balanced} from './source-text.ts';

/** A parsed docstring. */
export interface Docstring {
  readonly text: string;
  /** `@throws`, `@param`, `@returns`, `@see`, `@default`: each as `tag text`. */
  readonly tags: readonly string[];
  readonly examples: readonly string[];
}

export interface Declaration {
  readonly name: string;
  readonly kind: 'function' | 'const' | 'interface' | 'type' | 'class';
  /** The declaration's text without its docstring. */
  readonly signature: string;
  readonly doc: Docstring | undefined;
}

/** Every declaration that a module of dist/types exports, in the order of its export lines. */
export function exportsOf(file: string): readonly Declaration[] {
  const text = readFileSync(file, 'utf8');
  const handedOn = [...text.matchAll(/^export (?:type )?(\{[^}]*\}|\*) from '([^']+)';$/gm)].flatMap(
    ([, names = '', from = '']) => {
      const all = exportsOf(join(dirname(file), from.replace(/\.ts$/, '.d.ts')));
      if (names === '*') return all;
      return names
        .slice(1, -1)
        .split(',')
        .map((part) =>
          part
            .trim()
            .replace(/^type /, '')
            .split(' as '),
        )
        .flatMap(([name = '', alias = name]) =>
          all.filter((one) => one.name === name).map((one) => renamed(one, alias)),
        );
    },
  );
  return [...handedOn, ...declared(text)];
}

const renamed = (one: Declaration, name: string): Declaration => ({...one, name});

function declared(text: string): readonly Declaration[] {
  const starts = [
    ...text.matchAll(
      /^(?:\/\*\*(?<doc>(?:(?!\*\/)[^])*)\*\/\n)?export (?:declare )?(?:abstract )?(?<kind>function|const|interface|type|class) (?<name>\w+)/gm,
    ),
  ];
  const all = starts.map((match) => {
    const {doc, kind = '', name = ''} = match.groups ?? {};
    const start = match.index + match[0].lastIndexOf('export ');
    return {
      name,
      kind: kind as Declaration['kind'],
      signature: tidy(text.slice(start, endOf(text, start))),
      doc: doc === undefined ? undefined : docstring(doc),
    };
  });
  // Overloads are one declaration; the first has the docstring.
  return [...Map.groupBy(all, ({name, kind}) => `${kind} ${name}`).values()].flatMap((same) => {
    const [first] = same;
    return first === undefined ? [] : [{...first, signature: same.map(({signature}) => signature).join('\n')}];
  });
}

// At the depth of the declaration: its `;`, or the `}` of an interface or class.
function endOf(text: string, start: number): number {
  const isBlock = /^export (?:declare )?(?:abstract )?(?:interface|class) /.test(text.slice(start, start + 40));
  for (let at = start; at < text.length; at += 1) {
    if ('([{'.includes(text[at] ?? '')) {
      const isBody = text[at] === '{';
      at += balanced(text, at).length + 1;
      if (isBlock && isBody) return at + 1;
    } else if (text[at] === ';') return at + 1;
  }
  return text.length;
}

function tidy(declaration: string): string {
  return (
    declaration
      .replace(/^export (?:declare )?/, '')
      .replaceAll(/import\("[^"]*"\)\./g, '')
      // The name of a namespace import.
      .replaceAll(/(?<=[\s(<])[a-z]\w*\.(?=[A-Z]\w*(?:[,;)>|&\s[]|$))/g, '')
      // A parameter that is taken apart: its type says more than the pattern.
      .replaceAll(
        /\{[\w\s,:]*\}(\??): (?=(?:Pick<)?[\w.]*?([A-Z][a-z]+)\b)/g,
        (_, optional: string, word: string) => `${word.toLowerCase()}${optional}: `,
      )
      .replaceAll('    ', '  ')
      // Brands, which identify a type at run time, are of no use to a reader.
      .replaceAll(/^ *readonly \[brand\].*\n/gm, '')
  );
}

function docstring(comment: string): Docstring {
  const lines = comment
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trimEnd())
    .join('\n')
    .trim();
  const [text = '', ...parts] = lines.split(/^@(?=[a-z]+\b)|(?<=\. )@(?=throws\b)/m);
  const tags = parts.filter((part) => !part.startsWith('example'));
  const examples = parts.filter((part) => part.startsWith('example')).map((part) => part.slice('example'.length));
  return {
    text: links(text.trim()),
    tags: tags.map((part) => links(part.trim().replaceAll(/\n\s*/g, ' '))),
    examples: examples.map((example) =>
      example
        .replace(/^ *\n?/, '')
        .replaceAll(/^```(?:ts)?\n|\n```$/g, '')
        .trimEnd(),
    ),
  };
}

const links = (text: string): string => text.replaceAll(/\{@link (\w+)\}/g, '`$1`');
