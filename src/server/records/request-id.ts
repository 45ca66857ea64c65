import {randomBytes} from 'node:crypto';
import type {IncomingMessage, Server} from 'node:http';
import {onRequestStart} from './http-events.ts';

/** The id of a request and of the trace that it belongs to. */
export interface Identity {
  readonly id: string | undefined;
  /** A complete `traceparent` header. */
  readonly parent: string | undefined;
}

const digitsEach = 48;
// A call for random bytes costs a microsecond: one call serves 512 requests.
let pool = '';
let used = 0;

/** 48 random hexadecimal digits: a trace id and a span id. */
function randomDigits(): string {
  if (used === pool.length) {
    pool = randomBytes((digitsEach / 2) * 512).toString('hex');
    used = 0;
  }
  used += digitsEach;
  return pool.slice(used - digitsEach, used);
}

/**
 * Gives every request exactly one X-Request-Id and, with `trace`, one valid `traceparent`; the service sees both as if the
 * client had sent them. Valid ones of the client are left unchanged. Others are replaced: several lines, an id that could
 * not be logged or passed on safely, a traceparent that W3C calls invalid; with that, its `tracestate` goes as well. The
 * request id is the trace id, even that of a trace the client started.
 * @param trace false for a service with its own tracer, which reads `traceparent` and starts its traces itself
 * @returns the same for a single request, for those that node:http does not announce: upgrades
 * @see https://www.w3.org/TR/trace-context/#traceparent-header
 */
export function identifyRequests(server: Server, {trace}: {trace: boolean}): (request: IncomingMessage) => void {
  let counts: symbol | undefined;
  const identify = (request: IncomingMessage): void => {
    // Node builds `headers` for every request anyway, to check Host. Adding to both spares a second parse.
    const {headers, rawHeaders} = request;
    const sent = read(rawHeaders);
    const needsTrace = trace && sent.parent === undefined;
    if (sent.id !== undefined && !needsTrace) return;
    if (sent.id === undefined && sent.ids > 0) remove(request, 'x-request-id');
    if (needsTrace && sent.parents > 0) remove(request, 'traceparent');
    if (needsTrace && sent.states > 0) remove(request, 'tracestate');
    const digits = sent.parent === undefined ? randomDigits() : '';
    if (sent.id === undefined) {
      const id = sent.parent?.slice(3, 35) ?? digits.slice(0, 32);
      headers['x-request-id'] = id;
      rawHeaders.push('x-request-id', id);
    }
    if (needsTrace) {
      // Flag 01: sampled, a tracer's default for a new trace.
      const parent = `00-${digits.slice(0, 32)}-${digits.slice(32)}-01`;
      headers['traceparent'] = parent;
      rawHeaders.push('traceparent', parent);
    }
    counts ??= countSymbol(request);
    if (counts !== undefined) (request as unknown as Record<symbol, unknown>)[counts] = rawHeaders.length;
  };
  onRequestStart(server, ({request}) => identify(request));
  return identify;
}

/** Removes every line of a header. In place: Node and the service may hold the array already. */
function remove({headers, rawHeaders}: IncomingMessage, name: string): void {
  delete headers[name];
  for (let index = rawHeaders.length - 2; index >= 0; index -= 2)
    if (rawHeaders[index]?.toLowerCase() === name) rawHeaders.splice(index, 2);
}

// The number of raw headers that `request.headersDistinct` reads (lib/_http_incoming.js).
function countSymbol(request: IncomingMessage): symbol | undefined {
  return Object.getOwnPropertySymbols(request).find(({description}) => description === 'kHeadersCount');
}

/**
 * The identity of a request, sent or added; without what is invalid. Read from the headers again, which only a line of a log
 * pays for: another property of the request would cost each of them.
 */
export function identityOf({rawHeaders}: IncomingMessage): Identity {
  return read(rawHeaders);
}

interface Sent extends Identity {
  /** Number of lines of X-Request-Id, `traceparent` and `tracestate`, valid or not. */
  readonly ids: number;
  readonly parents: number;
  readonly states: number;
}

const [lowerT, lowerX] = [0x74, 0x78];

/** Reads the raw headers, lengths and first letters before names: comparing those is cheaper. */
function read(raw: readonly string[]): Sent {
  let id: string | undefined;
  let parent: string | undefined;
  let [ids, parents, states] = [0, 0, 0];
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] as string;
    const {length} = name;
    if (length < 10 || length > 12) continue;
    // Lower case of a letter.
    const first = name.charCodeAt(0) | 0x20;
    if (length === 12 && first === lowerX && name.toLowerCase() === 'x-request-id') {
      ids += 1;
      id = raw[index + 1];
    } else if (length === 11 && first === lowerT && name.toLowerCase() === 'traceparent') {
      parents += 1;
      parent = raw[index + 1];
    } else if (length === 10 && first === lowerT && name.toLowerCase() === 'tracestate') states += 1;
  }
  return {
    id: ids === 1 && isSafeId(id) ? id : undefined,
    parent: parents === 1 && isTraceparent(parent) ? parent : undefined,
    ids,
    parents,
    states,
  };
}

const maxIdLength = 128;
// Printable ASCII without quotes, backslash, comma (several ids in one line) and angle brackets: UUIDs, ULIDs, base64, and
// the forms `Root=1-67891233-abcdef012345678912345678` and `a/b:c`.
const safeId = /^[!#-&(-+\--;=?-[\]-_a-~]+$/;

function isSafeId(text: string | undefined): boolean {
  return text !== undefined && text.length <= maxIdLength && safeId.test(text);
}

// Version ff and ids of zeros are invalid.
const parentForm = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:$|-)/;
const parentLength = 55;

/** W3C Trace Context, 3.2: version 00 has an exact length, higher versions can have more fields. */
export function isTraceparent(text: string | undefined): text is string {
  return text !== undefined && parentForm.test(text) && (text.length === parentLength || !text.startsWith('00-'));
}
