import type {SchemaField, TypedField} from './fields.ts';
import {isBase64, pemOf} from './pem.ts';
import {durationOf, sizeOf} from './units.ts';

/** What a text means to a field. */
export type Parsed =
  | {readonly value: unknown}
  /** It means nothing. `issues` are messages of its schema, which can contain the text. */
  | {readonly invalid: 'form' | 'password'; readonly issues?: readonly string[]};

const invalid: Parsed = {invalid: 'form'};

/** Reads a variable's text. Never throws, and puts the text into nothing but the value. */
export function parseText(field: TypedField | SchemaField, text: string): Parsed {
  switch (field.type) {
    case undefined:
      return parseBySchema(field, text);
    case 'text':
      // By characters as Python counts them.
      return field.minLength !== undefined && [...text].length < field.minLength ? invalid : {value: text};
    case 'integer':
      return ranged(/^[+-]?\d{1,16}$/.test(text) ? safeInteger(text) : undefined, field);
    case 'number':
      return ranged(
        /^[+-]?(?:\d{1,300}(?:\.\d{0,300})?|\.\d{1,300})(?:[eE][+-]?\d{1,3})?$/.test(text) ? finite(text) : undefined,
        field,
      );
    case 'boolean':
      return found(booleans[text.toLowerCase()]);
    case 'duration':
      return ranged(durationOf(text), {min: bound(durationOf, field.min), max: bound(durationOf, field.max)});
    case 'size':
      return ranged(sizeOf(text), {min: bound(sizeOf, field.min), max: bound(sizeOf, field.max)});
    case 'URL':
      return parseUrl(text, field.schemes, field.secret === true);
    case 'port':
      return ranged(/^\d{1,5}$/.test(text) ? Number(text) : undefined, {min: 1, max: 65_535});
    case 'list':
      return parseList(text, field.separator ?? ',');
    case 'enum':
      return found(field.choices.find((choice) => choice === text));
    case 'JSON':
      return parseJson(text);
    case 'base64': {
      const data = text.replaceAll(/[ \t\r\n]/g, '');
      return isBase64(data) ? {value: Buffer.from(data, 'base64')} : invalid;
    }
    case 'certificate':
    case 'key':
      return found(pemOf(text, field.type));
  }
}

const booleans: Readonly<Record<string, boolean>> = Object.assign(Object.create(null) as object, {
  true: true,
  yes: true,
  on: true,
  1: true,
  false: false,
  no: false,
  off: false,
  0: false,
});

const found = (value: unknown): Parsed => (value === undefined ? invalid : {value});

const bound = (read: (text: string) => number | undefined, text: string | undefined): number | undefined =>
  text === undefined ? undefined : read(text);

function safeInteger(text: string): number | undefined {
  const number = Number(text);
  // Not -0: Python has one zero.
  return Number.isSafeInteger(number) ? number + 0 : undefined;
}

function finite(text: string): number | undefined {
  const number = Number(text);
  return Number.isFinite(number) ? number : undefined;
}

function ranged(
  value: number | undefined,
  {min = -Infinity, max = Infinity}: {readonly min?: number | undefined; readonly max?: number | undefined},
): Parsed {
  return value === undefined || value < min || value > max ? invalid : {value};
}

// Not URL.parse, which accepts `http:shop.example` and rewrites what it reads. The same in Python.
const urlForm =
  // oxlint-disable-next-line no-control-regex
  /^([A-Za-z][A-Za-z0-9+.-]*):\/\/(?:[^\x00-\x20\x7f/?#@:]*(:[^\x00-\x20\x7f/?#@]*)?@)?(\[[0-9A-Fa-f:.]+\]|[^\x00-\x20\x7f/?#@:[\]]*)(?::(\d{1,5}))?(?:[/?#][^\x00-\x20\x7f]*)?$/;

/** Schemes of which a URL often has no host. */
const hostless: ReadonlySet<string> = new Set(['file', 'sqlite']);

function parseUrl(text: string, schemes: readonly string[] | undefined, secret: boolean): Parsed {
  const [, scheme = '', password = '', host = '', port = '0'] = urlForm.exec(text) ?? [];
  const name = scheme.toLowerCase();
  if (name === '' || Number(port) > 65_535 || (host === '' && !hostless.has(name))) return invalid;
  if (schemes !== undefined && !schemes.includes(name)) return invalid;
  return password.length > 1 && !secret ? {invalid: 'password'} : {value: text};
}

function parseList(text: string, separator: string): Parsed {
  const items = text.split(separator).map((item) => item.replaceAll(/^[ \t\r\n]+|[ \t\r\n]+$/g, ''));
  return items.includes('') ? invalid : {value: Object.freeze(items)};
}

/** Deeper JSON is refused: Python's parser gives up at about a thousand levels. */
const mostLevels = 500;

function parseJson(text: string): Parsed {
  if (depthOf(text) > mostLevels) return invalid;
  try {
    return {value: JSON.parse(text) as unknown};
  } catch {
    // Its message quotes the text.
    return invalid;
  }
}

/** How deep brackets are nested, those in strings included: an upper bound. */
function depthOf(text: string): number {
  let [depth, most] = [0, 0];
  for (const character of text) {
    if (character === '[' || character === '{') most = Math.max(most, (depth += 1));
    else if (character === ']' || character === '}') depth -= 1;
  }
  return most;
}

/** Reads a text, or nothing, by a Standard Schema. */
export function parseBySchema({schema}: Pick<SchemaField, 'schema'>, text: string | undefined): Parsed {
  try {
    const result = schema['~standard'].validate(text);
    if (result instanceof Promise) {
      result.catch(() => {});
      return {...invalid, issues: ['its schema is asynchronous, and configuration is read synchronously']};
    }
    if (result.issues === undefined) return {value: result.value};
    return {...invalid, issues: result.issues.map(({message}) => String(message))};
  } catch {
    return invalid;
  }
}
