import {knownSecrets} from '../../config/declaration/secret.ts';
import {isSecretName} from '../../text/secret-name.ts';
import {quoted} from './text.ts';

/** What is written in place of a value whose name says that it is a secret. */
export const hidden = '[secret]';

const header =
  /^(?:proxy_)?authorization$|^(?:set_)?cookies?$|(?:^|_)(?:pwd|passcode|jwt|bearer|authorization|cookie)$/;

/** Whether a field or header of this name holds a secret: `password`, `accessToken`, `X-Api-Key`, `Set-Cookie`. */
export function isSecretKey(key: string): boolean {
  const snake = key
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/[-. ]/g, '_')
    .toLowerCase();
  return isSecretName(snake) || header.test(snake) || knownSecrets().has(key);
}

/** One form in which a value can be in a text, and what is written in its place. */
interface Form {
  readonly text: string;
  readonly shown: string;
}

// Shorter values are ordinary words: to replace them everywhere would tell what they are.
const leastLength = 6;
// Of a key in PEM form: a line of its own can be in a message.
const leastLine = 20;

let read: readonly unknown[] = [];
let forms: readonly Form[] = [];
let longest = 0;

/** The forms of all secrets that declarations have read: as text, in a URL, in base64. Longer ones first. */
function currentForms(): readonly Form[] {
  const known = knownSecrets();
  if (known.size === 0) return forms;
  const lists = [...known.values()];
  if (lists.length === read.length && lists.every((list, at) => list === read[at])) return forms;
  read = lists;
  const found = new Map<string, string>();
  for (const [name, secrets] of known)
    for (const one of secrets)
      for (const text of textsOf(one.reveal()))
        for (const form of formsOf(text)) if (form.length >= leastLength) found.set(form, `[secret ${name}]`);
  forms = [...found].map(([text, shown]) => ({text, shown})).toSorted((a, b) => b.text.length - a.text.length);
  longest = forms[0]?.text.length ?? 0;
  inJson = forms.map(({text}) => quoted(text).slice(1, -1));
  return forms;
}

let inJson: readonly string[] = [];

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return value.length < leastLength ? [] : [value, ...partsOf(value)];
  if (typeof value === 'number' || typeof value === 'bigint') return [String(value)];
  if (value instanceof Uint8Array) return [Buffer.from(value).toString('hex'), Buffer.from(value).toString('base64')];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : [];
}

/** The password of a URL, and the long lines of a key. */
function partsOf(text: string): string[] {
  const lines = text.includes('\n')
    ? text.split('\n').filter((line) => line.length >= leastLine && !line.startsWith('--'))
    : [];
  const {password = ''} = URL.parse(text) ?? {};
  return [...lines, password];
}

function formsOf(text: string): string[] {
  const bytes = Buffer.from(text);
  return [
    text,
    encoded(text),
    decoded(text),
    bytes.toString('base64').replaceAll('=', ''),
    bytes.toString('base64url'),
  ];
}

function encoded(text: string): string {
  return text.isWellFormed() ? encodeURIComponent(text) : text;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

// What no declaration knows: the password of a URL, and credentials in a header that is part of a text.
const suspicious = /:\/\/[^\s/:@"]*:[^\s/@"]+@|\b[Bb](?:earer|asic) [\w+/=.~-]{6}|\b(?:[Aa]uthorization|[Cc]ookie): \S/;
const url = /(:\/\/[^\s/:@"']*:)[^\s/@"']+@/g;
const scheme = /\b(bearer|basic) [\w+/=.~-]{6,}/gi;
const headerLine = /\b((?:proxy-)?authorization|(?:set-)?cookie)(: )[^\r\n]+/gi;

/** Whether a whole line has something to hide. Quick: every line is asked. */
export function hasSecret(line: string): boolean {
  const known = currentForms();
  for (let at = 0; at < known.length; at += 1) if (line.includes(inJson[at] as string)) return true;
  return suspicious.test(line);
}

/** A text without secrets. */
export function withoutSecrets(text: string): string {
  let rest = text;
  for (const {text: form, shown} of currentForms()) if (rest.includes(form)) rest = rest.replaceAll(form, shown);
  if (!suspicious.test(rest)) return rest;
  return rest
    .replaceAll(url, `$1${hidden}@`)
    .replaceAll(headerLine, `$1$2${hidden}`)
    .replaceAll(scheme, `$1 ${hidden}`);
}

/** The length of the longest secret: a text that is cut keeps so much more until it was searched. */
export function longestSecret(): number {
  currentForms();
  return longest;
}
