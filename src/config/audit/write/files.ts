import {nameForms} from '../classify/derived.ts';
import type {Classified} from '../classify/index.ts';
import type {Plan, Variable} from './plan.ts';
import {valueType} from './value-type.ts';

/** A file to write. */
export interface OutputFile {
  readonly name: string;
  readonly text: string;
  /** Holds secrets: readable only by its owner. */
  readonly secret: boolean;
}

const plain = (name: string, text: string): OutputFile => ({name, text, secret: false});

/**
 * The files that take the place of the old ones: declaration.json, defaults.json, and for each environment NAME.env and
 * NAME.secrets.env, which .gitignore keeps out of the repository.
 */
export function outputFiles(plan: Plan): readonly OutputFile[] {
  return [
    plain('declaration.json', declarationText(plan)),
    plain(
      'defaults.json',
      `${lines(plan.defaults.map(({key, value}) => ({...identityOf(key), class: key.class, value})))}\n`,
    ),
    plain('.gitignore', '*.secrets.env\n'),
    ...plan.environments.flatMap((environment) => environmentFiles(plan, environment)),
  ];
}

/** What identifies a key in the files. */
export interface Identity {
  readonly key: string;
  /** Only if the key's name does not say it: its parts contain dots. */
  readonly path?: readonly string[] | undefined;
  /** The files that it comes from, as a pattern: two documents can have keys of one name. */
  readonly document: string;
}

function identityOf({
  file,
  line,
  of: {name: key, path, document},
}: Classified): Identity & {file: string; line: number} {
  const isPlain = key.split('.').length === path.length;
  return {key, ...(isPlain ? {} : {path}), document, file, line};
}

/** A list with one line for each item. */
function lines(items: readonly object[]): string {
  return items.length === 0 ? '[]' : `[\n${items.map((item) => `  ${JSON.stringify(item)}`).join(',\n')}\n]`;
}

/** The declaration of the variables; what is derived and what code computes stands beside them. */
function declarationText({environmentVariable, variables, derived, code}: Plan): string {
  const parts = {
    variables: variables.map(({key, name, encoding, texts, already}) => ({
      name,
      ...valueType(key.of),
      secret: key.secret,
      required: key.class !== 'missing somewhere',
      class: key.class,
      encoding,
      ...(already.length === 0 ? {} : {alreadyReadIn: already}),
      ...(texts.size === 0 ? {} : {environments: [...texts.keys()]}),
      ...identityOf(key),
    })),
    derived: derived.map(({key, from, form, parts: text}) => ({
      ...identityOf(key),
      ...(from === undefined ? {form, example: nameForms[form]?.('prod-eu') ?? ''} : {from: identityOf(from)}),
      parts: text,
    })),
    code: code.map(({key, environments}) => ({environments, ...identityOf(key)})),
  };
  const body = Object.entries(parts).map(([name, items]) => `"${name}": ${lines(items)}`);
  return `{\n"environmentVariable": ${JSON.stringify(environmentVariable ?? null)},\n${body.join(',\n')}\n}\n`;
}

function environmentFiles({variables, environmentVariable}: Plan, environment: string): readonly OutputFile[] {
  const named = environmentVariable === undefined ? [] : [assignment(environmentVariable, environment)];
  const body = (wanted: readonly Variable[]): readonly string[] =>
    wanted.flatMap(({name, texts, key}) => {
      const text = texts.get(environment);
      return text === undefined ? [] : [...remark(key), assignment(name, text)];
    });
  const open = [...named, ...body(variables.filter(({key}) => !key.secret))];
  const secret = body(variables.filter(({key}) => key.secret));
  const name = environment.replaceAll(/[^\w.-]/g, '_');
  const file = (suffix: string, all: readonly string[], isSecret: boolean): OutputFile => ({
    name: `${name}${suffix}`,
    text: all.map((one) => `${one}\n`).join(''),
    secret: isSecret,
  });
  return [file('.env', open, false), ...(secret.length === 0 ? [] : [file('.secrets.env', secret, true)])];
}

function remark({class: found, key}: Classified): readonly string[] {
  return found === 'not for a container' || found === 'dead' ? [`# ${key.replaceAll(/[\r\n]/g, ' ')}: ${found}`] : [];
}

function assignment(name: string, text: string): string {
  if (/^[\w./:@%+,-]+$/.test(text)) return `${name}=${text}`;
  const quote = ["'", '`', '"'].find((one) => !text.includes(one)) ?? '"';
  return `${name}=${quote}${text}${quote}`;
}
