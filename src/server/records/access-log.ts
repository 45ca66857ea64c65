import type {ServerResponse} from 'node:http';
import type {Socket} from 'node:net';
import {newSequence} from '../../text/log/sequence.ts';
import {clock, utcNow} from '../../text/utc-time.ts';
import type {LogForm} from '../process/log.ts';
import {sentHead} from '../process/node-internals.ts';
import {clientAddress, peerAddress} from '../requests/forwarded.ts';
import {lineBuffer, type LineBuffer} from './line-buffer.ts';
import {identityOf} from './request-id.ts';
import {abortedStatus, type EndedRequest, type OnRequestEnd} from './stats.ts';

export interface AccessLog {
  readonly onRequestEnd: OnRequestEnd;
  readonly flush: () => void;
  readonly dropped: () => number;
}

/**
 * Logs one line per request when it ends, in batches.
 * @param format `json`, or a format of gunicorn's atoms
 * @param form of lines without a format of their own
 */
export function accessLog(format: string, form: LogForm, buffer: LineBuffer = lineBuffer()): AccessLog {
  const line = format !== 'json' ? atomsLine(format) : form === 'text' ? readableLine : jsonLines(form);
  return {
    onRequestEnd: (ended) => buffer.add(line(ended, ended.bytes ?? bodyBytes(ended))),
    flush: buffer.flush,
    dropped: buffer.dropped,
  };
}

/** Formats a line. Everything but `socket` can be missing, for a message that Node's parser rejected. */
type Format = (ended: EndedRequest, bytes: number) => string;

const noIdentity = {id: undefined, parent: undefined};

/** What stands between the values of a line. */
interface Names {
  readonly time: string;
  readonly method: string;
  readonly path: string;
  readonly status: string;
  readonly bytes: string;
  readonly duration: string;
  readonly client: string;
  readonly requestId: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly pid: string;
  readonly instance: string;
  readonly seq: string;
  readonly end: string;
}

const plainNames: Names = {
  time: '{"time":"',
  method: '","level":"info","severity_text":"INFO","event":"request","method":"',
  path: '","path":',
  status: ',"status":',
  bytes: ',"bytes":',
  duration: ',"ms":',
  client: ',"client":',
  requestId: ',"request_id":"',
  traceId: ',"trace_id":"',
  spanId: '","span_id":"',
  pid: ',"pid":',
  instance: ',"instance":"',
  seq: '","seq":',
  end: '}',
};

const ecsNames: Names = {
  time: '{"@timestamp":"',
  method: '","log.level":"info","event.action":"request","http.request.method":"',
  path: '","url.path":',
  status: ',"http.response.status_code":',
  bytes: ',"http.response.body.bytes":',
  duration: ',"event.duration":',
  client: ',"client.address":',
  requestId: ',"http.request.id":"',
  traceId: ',"trace.id":"',
  spanId: '","span.id":"',
  pid: ',"process.pid":',
  instance: ',"process.entity_id":"',
  seq: '","event.sequence":',
  end: ',"ecs.version":"8.11.0"}',
};

// The same fields as those of a Python service (entrypoint_log). Query and headers are left out: they can hold secrets.
function jsonLines(form: 'json' | 'ecs'): Format {
  const names = form === 'ecs' ? ecsNames : plainNames;
  const duration = form === 'ecs' ? nanoseconds : decimalMilliseconds;
  const {instance, next} = newSequence();
  const last = `${names.pid}${process.pid}${names.instance}${instance}${names.seq}`;
  // A client sends one request after the other.
  let [client, clientText] = ['', '""'];
  return ({request, status, milliseconds, socket}, bytes) => {
    const {method = '', url = ''} = request ?? {};
    const {id, parent} = request === undefined ? noIdentity : identityOf(request);
    const query = url.indexOf('?');
    const address = clientOf({request, socket});
    if (address !== client) [client, clientText] = [address, quoted(address)];
    return (
      `${names.time}${utcNow()}${names.method}${method}${names.path}${quoted(query === -1 ? url : url.slice(0, query))}` +
      `${names.status}${status}${names.bytes}${bytes}${names.duration}${duration(milliseconds)}${names.client}${clientText}` +
      // An id that can be logged has nothing to escape (request-id.ts).
      (id === undefined ? '' : `${names.requestId}${id}"`) +
      (parent === undefined ? '' : `${names.traceId}${parent.slice(3, 35)}${names.spanId}${parent.slice(36, 52)}"`) +
      `${last}${next()}${names.end}`
    );
  };
}

const nanoseconds = (milliseconds: number): number => Math.round(milliseconds * 1000) * 1000;

/** `3.933`: from two whole numbers, which become text in less time than a fraction does. */
function decimalMilliseconds(milliseconds: number): string {
  const micros = Math.round(milliseconds * 1000);
  const whole = Math.floor(micros / 1000);
  const rest = micros - whole * 1000;
  return rest === 0 ? `${whole}` : `${whole}.${rest < 100 ? (rest < 10 ? '00' : '0') : ''}${rest}`;
}

function readableLine({request, status, milliseconds}: EndedRequest, bytes: number): string {
  const {method = '-', url = '-'} = request ?? {};
  const outcome = status === abortedStatus ? 'client closed request' : `${status}, ${bytes} bytes`;
  return `${clock(new Date())} ${method} ${url.length > longest ? `${url.slice(0, longest)}...` : url} ${outcome}, ${milliseconds.toFixed(1)} ms`;
}

/** The client's address as trusted proxies state it, @see clientAddress. */
function clientOf({request, socket}: Pick<EndedRequest, 'request' | 'socket'>): string {
  return request === undefined ? peerAddress(socket) : clientAddress(request, socket);
}

// Keeps a line below the size that log drivers and pipes keep in one piece.
const longest = 1536;
const harmless = /^[ !#-[\]-~]*$/;

function quoted(text: string): string {
  const short = text.length > longest ? `${text.slice(0, longest)}...` : text;
  return harmless.test(short) ? `"${short}"` : JSON.stringify(short);
}

type Counting = Socket & {[sent]?: number};
const sent = Symbol('sent');

/**
 * Length of the body in bytes: as declared by the service, or as computed by node:http for a body that was complete at
 * once. Otherwise what the connection sent since its last response, without the head; this includes chunk headers
 * and informational responses.
 */
function bodyBytes({socket, request, response, status}: EndedRequest): number {
  const counting = socket as Counting;
  const before = counting[sent] ?? 0;
  const all = (counting[sent] = socket.bytesWritten ?? before);
  if (response === undefined || request?.method === 'HEAD' || status === 204 || status === 304) return 0;
  const {_contentLength: known, _header: head} = response as {_contentLength?: number | null; _header?: string | null};
  const length = response.getHeader('content-length') ?? known;
  return length === undefined || length === null ? Math.max(0, all - before - (head?.length ?? 0)) : Number(length);
}

type Atom = Format;

const header = (value: unknown): string => (value === undefined ? '-' : String(value));

// https://docs.gunicorn.org/en/stable/settings.html#access-log-format
const atoms: Readonly<Record<string, Atom>> = {
  h: (ended) => clientOf(ended) || '-',
  l: () => '-',
  u: ({request}) => userOf(request?.headers.authorization),
  t: () => commonTime(new Date()),
  r: ({request}) =>
    request === undefined ? '-' : `${request.method ?? '-'} ${request.url ?? '-'} HTTP/${request.httpVersion}`,
  m: ({request}) => header(request?.method),
  U: ({request}) => (request?.url ?? '').split('?', 1)[0] ?? '',
  q: ({request}) => (request?.url ?? '').split('?').slice(1).join('?'),
  H: ({request}) => (request === undefined ? '-' : `HTTP/${request.httpVersion}`),
  s: ({status}) => String(status),
  B: (_, bytes) => String(bytes),
  b: (_, bytes) => String(bytes || '-'),
  f: ({request}) => header(request?.headers.referer),
  a: ({request}) => header(request?.headers['user-agent']),
  T: ({milliseconds}) => String(Math.floor(milliseconds / 1000)),
  D: ({milliseconds}) => String(Math.round(milliseconds * 1000)),
  M: ({milliseconds}) => String(Math.round(milliseconds)),
  L: ({milliseconds}) => (milliseconds / 1000).toFixed(6),
  p: () => `<${process.pid}>`,
};

/** Formats a line as gunicorn does: `%(h)s`, `%({x-request-id}i)s`. An unknown atom (@see readSetting) becomes `-`. */
export function atomsLine(format: string): Format {
  const parts = format
    .split(/%\(([^)]*)\)s/g)
    .map((part, index): string | Atom =>
      index % 2 === 0 ? part.replaceAll('%%', '%') : (atomOf(part) ?? (() => '-')),
    );
  return (ended, bytes) =>
    parts.map((part) => (typeof part === 'string' ? part : oneLine(part(ended, bytes)))).join('');
}

function atomOf(name: string): Atom | undefined {
  const [, key = '', kind] = /^\{([^}]*)\}([ioe])$/.exec(name) ?? [];
  if (kind === 'i') return ({request}) => header(request?.headers[key.toLowerCase()]);
  if (kind === 'o') return ({response}) => header(response === undefined ? undefined : sentHeader(response, key));
  if (kind === 'e') return () => header(process.env[key]);
  return Object.hasOwn(atoms, name) ? atoms[name] : undefined;
}

/**
 * A header as it was sent, its values joined by commas. Not `getHeader`: it does not know the headers of `writeHead`, nor those
 * that a pool thread has written.
 */
function sentHeader(response: ServerResponse, name: string): string | undefined {
  const wanted = name.toLowerCase();
  const values = sentHead(response)
    .split('\r\n')
    .slice(1)
    .map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()] as const)
    .filter(([key]) => key === wanted)
    .map(([, value]) => value);
  return values.length === 0 ? undefined : values.join(', ');
}

/** Escapes quotes and control characters, so that a client cannot end the line or a field of it. */
function oneLine(text: string): string {
  return text.replaceAll(/["\\\p{Cc}]/gu, (found) =>
    found === '"' || found === '\\' ? `\\${found}` : `\\x${found.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
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
