import {randomBytes} from 'node:crypto';
import {subscribe} from 'node:diagnostics_channel';
import type {IncomingMessage, Server} from 'node:http';

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
 * Adds an X-Request-Id to every request that has none and, with `trace`, a `traceparent`; the service sees both as if the
 * client had sent them. The request id is the trace id, even that of a trace the client started. Headers that the client
 * sent are left unchanged.
 * @param trace false for a service with its own tracer, which starts its traces itself
 * @see https://www.w3.org/TR/trace-context/#traceparent-header
 */
export function identifyRequests(server: Server, {trace}: {trace: boolean}): void {
  let counts: symbol | undefined;
  subscribe('http.server.request.start', (message) => {
    const {request, server: of} = message as {request: IncomingMessage; server: Server};
    if (of !== server) return;
    const sent = identityOf(request);
    if (sent.id !== undefined && (sent.parent !== undefined || !trace)) return;
    const digits = sent.parent === undefined ? randomDigits() : '';
    // Node builds `headers` for every request anyway, to check Host. Adding to both spares a second parse.
    const {headers, rawHeaders} = request;
    if (sent.id === undefined) {
      const id = sent.parent?.slice(3, 35) ?? digits.slice(0, 32);
      headers['x-request-id'] = id;
      rawHeaders.push('x-request-id', id);
    }
    if (sent.parent === undefined && trace) {
      // Flag 01: sampled, a tracer's default for a new trace.
      const parent = `00-${digits.slice(0, 32)}-${digits.slice(32)}-01`;
      headers['traceparent'] = parent;
      rawHeaders.push('traceparent', parent);
    }
    counts ??= countSymbol(request);
    if (counts !== undefined) (request as unknown as Record<symbol, unknown>)[counts] = rawHeaders.length;
  });
}

// The number of raw headers that `request.headersDistinct` reads (lib/_http_incoming.js).
function countSymbol(request: IncomingMessage): symbol | undefined {
  return Object.getOwnPropertySymbols(request).find(({description}) => description === 'kHeadersCount');
}

/** The identity of a request, sent or added. Reads the raw headers, lengths first: comparing those is cheaper than names. */
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
