import type {Key} from '../model/types.ts';

/** How a value follows from something else: `template` has `hole` where the other value belongs. */
export interface Derivation {
  readonly why: string;
  /** Undefined: from the environment's own name. */
  readonly from: Key | undefined;
  /** The text before and after each place of the other value. */
  readonly template: readonly string[];
  /** The form of the environment's name, if that is what it is made of. */
  readonly nameForm: number | undefined;
}

const aliases: readonly (readonly [string, string])[] = [
  ['dev', 'development'],
  ['prod', 'production'],
  ['stage', 'staging'],
  ['test', 'testing'],
  ['int', 'integration'],
];

const base = [
  (name: string) => name,
  (name: string) => aliases.find(([short, long]) => short === name || long === name)?.[0] ?? name,
  (name: string) => aliases.find(([short, long]) => short === name || long === name)?.[1] ?? name,
];
const cases = [
  (name: string) => name,
  (name: string) => name.toLowerCase(),
  (name: string) => name.toUpperCase(),
  (name: string) => name.charAt(0).toUpperCase() + name.slice(1),
  (name: string) => name.replaceAll('-', '_'),
  (name: string) => name.replaceAll('-', '_').toUpperCase(),
  (name: string) => name.replaceAll(/[-_]/g, ''),
];

/** The forms in which an environment's name occurs in values: `prod`, `production`, `PROD`, `Production`, `prod_eu`. */
export const nameForms: readonly ((name: string) => string)[] = base.flatMap((form) =>
  cases.map(
    (inCase) => (name: string) =>
      inCase(form(name.toLowerCase()) === name.toLowerCase() ? name : form(name.toLowerCase())),
  ),
);

/** Whether texts, by environment, differ only by the environment's name. */
export function fromName(texts: ReadonlyMap<string, string>): Derivation | undefined {
  for (const [nameForm, form] of nameForms.entries()) {
    const template = shared(
      [...texts].map(([environment, text]) => split(text, form(environment), form(environment).length < 5)),
    );
    if (template !== undefined)
      return {why: "differs only by the environment's name", from: undefined, template, nameForm};
  }
  return undefined;
}

/** Whether texts differ only by another key's value. */
export function fromKey(
  texts: ReadonlyMap<string, string>,
  other: Key,
  others: ReadonlyMap<string, string>,
): Derivation | undefined {
  const values = [...texts.keys()].map((environment) => others.get(environment));
  const isWord = values.every(
    (value) => value !== undefined && value.length >= 3 && !/^(true|false|yes|off|none|null)$/i.test(value),
  );
  if (!isWord || new Set(values).size < 2) return undefined;
  const template = shared([...texts].map(([environment, text]) => split(text, others.get(environment) ?? '', true)));
  if (template === undefined) return undefined;
  const isEqual = template.length === 2 && template.every((part) => part === '');
  // Two short words that are equal everywhere are a coincidence: json and json.
  if (isEqual && values.some((value) => (value ?? '').length < 8 || /^[\d.]+$/.test(value ?? ''))) return undefined;
  return {
    why: `${isEqual ? 'is' : 'contains'} the value of ${other.name}, and differs only by that`,
    from: other,
    template,
    nameForm: undefined,
  };
}

/** The text around each place of a part; undefined if it does not occur. */
function split(text: string, part: string, wholeWord: boolean): readonly string[] | undefined {
  if (part === '') return undefined;
  const found: string[] = [];
  let start = 0;
  for (let at = text.indexOf(part); at !== -1; at = text.indexOf(part, at + 1)) {
    if (at < start || (wholeWord && !standsAlone(text, at, at + part.length))) continue;
    found.push(text.slice(start, at));
    start = at + part.length;
  }
  return found.length === 0 ? undefined : [...found, text.slice(start)];
}

const isLetter = (character: string): boolean => /[A-Za-z0-9]/.test(character);

function standsAlone(text: string, from: number, to: number): boolean {
  return !isLetter(text.charAt(from - 1)) && !isLetter(text.charAt(to));
}

function shared(templates: readonly (readonly string[] | undefined)[]): readonly string[] | undefined {
  const [first] = templates;
  if (first === undefined) return undefined;
  const text = JSON.stringify(first);
  return templates.every((template) => JSON.stringify(template) === text) ? first : undefined;
}
