import {clientOf} from './access-log.ts';
import type {Entry} from './access-log.ts';

type Atom = (entry: Entry) => string;

const header = (value: unknown): string => (value === undefined ? '-' : String(value));

// https://docs.gunicorn.org/en/stable/settings.html#access-log-format
const atoms: Readonly<Record<string, Atom>> = {
  h: ({request}) => clientOf(request.socket) || '-',
  l: () => '-',
  u: ({request}) => userOf(request.headers.authorization),
  t: () => commonTime(new Date()),
  r: ({request}) => `${request.method ?? '-'} ${request.url ?? '-'} HTTP/${request.httpVersion}`,
  m: ({request}) => header(request.method),
  U: ({request}) => (request.url ?? '').split('?', 1)[0] ?? '',
  q: ({request}) => (request.url ?? '').split('?').slice(1).join('?'),
  H: ({request}) => `HTTP/${request.httpVersion}`,
  s: ({response, aborted}) => String(aborted ? 499 : response.statusCode),
  B: ({bytes}) => String(bytes),
  b: ({bytes}) => String(bytes || '-'),
  f: ({request}) => header(request.headers.referer),
  a: ({request}) => header(request.headers['user-agent']),
  T: ({milliseconds}) => String(Math.floor(milliseconds / 1000)),
  D: ({milliseconds}) => String(Math.round(milliseconds * 1000)),
  M: ({milliseconds}) => String(Math.round(milliseconds)),
  L: ({milliseconds}) => (milliseconds / 1000).toFixed(6),
  p: () => `<${process.pid}>`,
};

/** Makes a line as gunicorn does: `%(h)s`, `%({x-request-id}i)s`. What is no atom (see settings-reader.ts) is `-`. */
export function atomsLine(format: string): (entry: Entry) => string {
  const parts = format.split(/%\(([^)]*)\)s/g).map((part, index): string | Atom => (index % 2 === 0 ? part.replaceAll('%%', '%') : atomOf(part) ?? (() => '-')));
  return (entry) => parts.map((part) => (typeof part === 'string' ? part : oneLine(part(entry)))).join('');
}

function atomOf(name: string): Atom | undefined {
  const [, key = '', kind] = /^\{([^}]*)\}([ioe])$/.exec(name) ?? [];
  if (kind === 'i') return ({request}) => header(request.headers[key.toLowerCase()]);
  if (kind === 'o') return ({response}) => header(response.getHeader(key));
  if (kind === 'e') return () => header(process.env[key]);
  return Object.hasOwn(atoms, name) ? atoms[name] : undefined;
}

/** Quotes and control characters cannot end the line, or a field of it. */
function oneLine(text: string): string {
  return text.replaceAll(/["\\\p{Cc}]/gu, (found) => (found === '"' || found === '\\' ? `\\${found}` : `\\x${found.charCodeAt(0).toString(16).padStart(2, '0')}`));
}

function userOf(authorization: string | undefined): string {
  const [, encoded] = /^basic\s+(\S+)$/i.exec(authorization ?? '') ?? [];
  return (encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString().split(':', 1)[0]) || '-';
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/** `[25/Nov/2026:09:30:26 +0000]` */
function commonTime(time: Date): string {
  return `[${two(time.getUTCDate())}/${months[time.getUTCMonth()]}/${time.getUTCFullYear()}:${[time.getUTCHours(), time.getUTCMinutes(), time.getUTCSeconds()].map(two).join(':')} +0000]`;
}
