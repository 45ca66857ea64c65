// Any value as JSON text: in one pass, bounded, and without an exception, whatever getters and proxies do.
import {type KeyInfo, keyInfo} from './keys.ts';
import {hidden, longestSecret, withoutSecrets} from './secrets.ts';
import {contentsOf, isPlain} from './shapes.ts';
import {head, quoted} from './text.ts';

/** How much of a value is written. */
export interface Limits {
  /** UTF-16 units of a string. */
  readonly text: number;
  /** Elements of an array, and properties of an object. */
  readonly entries: number;
  readonly depth: number;
}

/** One walk over the values of an event. */
export interface Walk extends Limits {
  /** Whether secrets are searched in texts. The first pass does not: its line is searched as a whole. */
  readonly scrub: boolean;
  /** UTF-16 units that can still be written: below 0, the walk has ended early. */
  left: number;
  /** Number of values that are not whole. */
  cuts: number;
  readonly above: unknown[];
  /** The names of an error's fields differ in ECS. */
  readonly stackName: string;
}

/** A value as JSON; undefined for what JSON leaves out: undefined and functions. */
export function jsonOf(value: unknown, walk: Walk): string | undefined {
  switch (typeof value) {
    case 'string':
      return textOf(value, walk);
    case 'number':
      walk.left -= 8;
      if (walk.scrub && Number.isFinite(value)) return numberOf(value);
      return Number.isFinite(value) ? `${value}` : 'null';
    case 'boolean':
      return value ? 'true' : 'false';
    case 'bigint':
      // Always as text: a sink would round some and refuse others.
      return textOf(bigText(value), walk);
    case 'symbol':
      return textOf(String(value), walk);
    case 'object':
      return value === null ? 'null' : guardedObject(value, walk);
    default:
      return undefined;
  }
}

/** An object within the text of a message. */
export const wordText = (value: object): string =>
  jsonOf(value, {
    text: 2048,
    entries: 100,
    depth: 6,
    scrub: true,
    left: 8192,
    cuts: 0,
    above: [],
    stackName: 'stack',
  }) ?? '';

// The text of a huge number costs more than its line: 2 ** 65536 is cut anyway.
const bigText = (value: bigint): string => (BigInt.asIntN(65_536, value) === value ? String(value) : '(a huge bigint)');

function numberOf(value: number): string {
  const text = `${value}`;
  const shown = withoutSecrets(text);
  return shown === text ? text : quoted(shown);
}

/** A text as JSON, cut to the limit. The part that is cut off could begin within a secret: it is searched first. */
export function textOf(value: string, walk: Walk): string {
  const {text: most} = walk;
  let text = value;
  if (walk.scrub) {
    const more = longestSecret();
    text = withoutSecrets(text.length > most ? head(text, most + more) : text);
    // What was read beyond the limit goes, wherever shorter replacements have moved it: a part of a secret can be in it.
    if (value.length > most) text = text.slice(0, Math.max(0, text.length - more));
  }
  if (value.length > most || text.length > most) {
    const kept = head(text, most);
    if (kept.length < text.length || value.length > most) {
      walk.cuts += 1;
      text = `${kept}...`;
    }
  }
  walk.left -= text.length + 4;
  return quoted(text);
}

const unreadable = '"[unreadable]"';

function guardedObject(value: object, walk: Walk): string | undefined {
  const {above, depth} = walk;
  if (walk.left < 0) return '0';
  const level = above.length;
  if (above.includes(value)) return '"[circular]"';
  if (level >= depth) {
    walk.cuts += 1;
    return '"[deeper]"';
  }
  above.push(value);
  try {
    return objectOf(value, walk);
  } catch {
    // A proxy, an iterator or a `toJSON` that throws.
    walk.left -= 16;
    return unreadable;
  } finally {
    above.length = level;
  }
}

function objectOf(value: object, walk: Walk): string | undefined {
  if (Array.isArray(value)) return arrayOf(value, walk, false);
  if (isPlain(value) && !('toJSON' in value)) return `{${propertiesOf(value, walk, Object.keys(value))}}`;
  if (Error.isError(value)) return errorOf(value, walk);
  if (ArrayBuffer.isView(value)) return textOf(`[${value.constructor.name}, ${value.byteLength} bytes]`, walk);
  const {toJSON} = value as {readonly toJSON?: unknown};
  if (typeof toJSON === 'function') return jsonOf(toJSON.call(value), walk);
  const contents = contentsOf(value);
  if (contents !== undefined) return jsonOf(contents, walk);
  return `{${propertiesOf(value, walk, Object.keys(value))}}`;
}

/** The properties of an object, without braces. */
function propertiesOf(value: object, walk: Walk, keys: readonly string[]): string {
  let text = '';
  let count = 0;
  for (const key of keys) {
    if (walk.left < 0) break;
    if (count >= walk.entries) {
      walk.cuts += 1;
      break;
    }
    const info = keyInfo(key);
    const one = propertyOf(value, key, info, walk);
    if (one === undefined) continue;
    count += 1;
    text += text === '' ? `${keyText(key, info, walk)}${one}` : `,${keyText(key, info, walk)}${one}`;
  }
  return text;
}

/** The value of one property as JSON. */
export function propertyOf(value: object, key: string, {secret}: KeyInfo, walk: Walk): string | undefined {
  let one: unknown;
  try {
    one = (value as Readonly<Record<string, unknown>>)[key];
  } catch {
    walk.left -= 16;
    return unreadable;
  }
  if (secret && isHideable(one)) return quoted(hidden);
  if (key === 'rawHeaders' && Array.isArray(one)) {
    try {
      return arrayOf(one, walk, true);
    } catch {
      return unreadable;
    }
  }
  return jsonOf(one, walk);
}

// `token: null` and `password: true` say something, and tell nothing.
const isHideable = (value: unknown): boolean =>
  value !== undefined && value !== null && typeof value !== 'boolean' && typeof value !== 'function' && value !== '';

/** A name as JSON, with its colon. */
export function keyText(key: string, info: KeyInfo, walk: Walk): string {
  if (!walk.scrub && key.length <= walk.text) {
    walk.left -= key.length + 4;
    return info.text;
  }
  return `${textOf(key, walk)}:`;
}

/** @param raw whether it is one of names and values in turn, as `rawHeaders` is */
function arrayOf(value: readonly unknown[], walk: Walk, raw: boolean): string {
  let text = '';
  const {length} = value;
  const isPair = length === 2;
  for (let at = 0; at < length && walk.left >= 0; at += 1) {
    if (at >= walk.entries) {
      walk.cuts += 1;
      break;
    }
    const before = at % 2 === 1 && (raw || isPair) ? value[at - 1] : undefined;
    const isSecret = typeof before === 'string' && before.length <= 64 && keyInfo(before).secret;
    const one = isSecret ? quoted(hidden) : elementOf(value, at, walk);
    text += at === 0 ? one : `,${one}`;
  }
  return `[${text}]`;
}

function elementOf(value: readonly unknown[], at: number, walk: Walk): string {
  walk.left -= 5;
  let one: unknown;
  try {
    one = value[at];
  } catch {
    return unreadable;
  }
  return jsonOf(one, walk) ?? 'null';
}

const ownNames: ReadonlySet<string> = new Set(['message', 'stack', 'name', 'cause', 'errors', 'type']);

/** `{type, message, stack, ...properties, cause, errors}`; a hostile getter costs its own field alone. */
function errorOf(error: object, walk: Walk): string {
  const parts: string[] = [];
  const add = (name: string, value: () => unknown): void => {
    let one: string | undefined;
    try {
      one = jsonOf(value(), walk);
    } catch {
      one = unreadable;
    }
    if (one !== undefined) parts.push(`"${name}":${one}`);
  };
  const of = error as Readonly<Record<string, unknown>>;
  const optional = (name: string): void => {
    if (name in error) add(name, () => of[name]);
  };
  add('type', () => typeName(of));
  add('message', () => of['message']);
  add(walk.stackName, () => of['stack']);
  const rest = propertiesOf(
    error,
    walk,
    Object.keys(error).filter((key) => !ownNames.has(key)),
  );
  if (rest !== '') parts.push(rest);
  optional('cause');
  optional('errors');
  return `{${parts.join(',')}}`;
}

function typeName({name, constructor}: Readonly<Record<string, unknown>>): unknown {
  const own = typeof constructor === 'function' ? constructor.name : undefined;
  // `class NotFound extends Error` has the name of its class only there.
  return (name === 'Error' || typeof name !== 'string') && own !== undefined && own !== '' ? own : name;
}
