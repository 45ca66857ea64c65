import {randomBytes} from 'node:crypto';
import {subscribe} from 'node:diagnostics_channel';
import type {IncomingMessage, Server} from 'node:http';

/** What names a request: its own id, and the trace that it is part of. */
export interface Identity {
  readonly id: string | undefined;
  /** A whole `traceparent` header. */
  readonly parent: string | undefined;
}

const digitsEach = 48;
// Random bytes cost a microsecond a call: one call is enough for many requests.
let pool = '';
let used = 0;

/** 48 random hexadecimal digits: a trace's id and a span's. */
function randomDigits(): string {
  if (used === pool.length) {
    pool = randomBytes((digitsEach / 2) * 512).toString('hex');
    used = 0;
  }
  used += digitsEach;
  return pool.slice(used - digitsEach, used);
}

/**
 * Gives every request an X-Request-Id where it brings none, and a `traceparent` with `trace`; the service sees both as
 * if they had come. Of a trace that is under way, its id serves for both. What came is left as it is.
 * @param trace not where the service has a tracer of its own: that one begins its traces itself
 * @see https://www.w3.org/TR/trace-context/#traceparent-header
 */
export function identifyRequests(server: Server, {trace}: {trace: boolean}): void {
  let counts: symbol | undefined;
  subscribe('http.server.request.start', (message) => {
    const {request, server: of} = message as {request: IncomingMessage; server: Server};
    if (of !== server) return;
    const came = identityOf(request);
    if (came.id !== undefined && (came.parent !== undefined || !trace)) return;
    const digits = came.parent === undefined ? randomDigits() : '';
    // Node makes this object of the raw headers for every request, to look at Host; so it is made now, and what is
    // added needs no second look by its parser.
    const {headers, rawHeaders} = request;
    if (came.id === undefined) {
      const id = came.parent?.slice(3, 35) ?? digits.slice(0, 32);
      headers['x-request-id'] = id;
      rawHeaders.push('x-request-id', id);
    }
    if (came.parent === undefined && trace) {
      // Sampled, as a tracer decides by default for a trace that begins.
      const parent = `00-${digits.slice(0, 32)}-${digits.slice(32)}-01`;
      headers['traceparent'] = parent;
      rawHeaders.push('traceparent', parent);
    }
    counts ??= countSymbol(request);
    if (counts !== undefined) (request as unknown as Record<symbol, unknown>)[counts] = rawHeaders.length;
  });
}

// How many of the raw headers `request.headersDistinct` is made of (lib/_http_incoming.js).
function countSymbol(request: IncomingMessage): symbol | undefined {
  return Object.getOwnPropertySymbols(request).find(({description}) => description === 'kHeadersCount');
}

/** The identity of a request, as it came or was given. The raw headers are looked at: lengths are compared sooner than names. */
export function identityOf({rawHeaders: raw}: Pick<IncomingMessage, 'rawHeaders'>): Identity {
  let id: string | undefined;
  let parent: string | undefined;
  for (let index = 0; index < raw.length; index += 2) {
    const {length} = raw[index] as string;
    if (length === 12 && id === undefined && raw[index]?.toLowerCase() === 'x-request-id')
      id = raw[index + 1] || undefined;
    else if (length === 11 && parent === undefined && raw[index]?.toLowerCase() === 'traceparent')
      parent = traceparent(raw[index + 1]);
  }
  return {id, parent};
}

function traceparent(text: string | undefined): string | undefined {
  return text !== undefined && /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}/.test(text) ? text : undefined;
}
