import {randomBytes} from 'node:crypto';
import {subscribe} from 'node:diagnostics_channel';
import {IncomingMessage} from 'node:http';
import type {Server} from 'node:http';
import {Socket} from 'node:net';

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

const known = Symbol('identity');

type Identified = IncomingMessage & {[known]?: Identity};

/**
 * Gives every request an X-Request-Id where it brings none, and a `traceparent` with `trace`; the service sees both as
 * if they had come. Of a trace that is under way, its id serves for both. What came is left as it is.
 * @param trace not where the service has a tracer of its own: that one begins its traces itself
 * @see https://www.w3.org/TR/trace-context/#traceparent-header
 */
export function identifyRequests(server: Server, {trace}: {trace: boolean}): void {
  subscribe('http.server.request.start', (message) => {
    const {request, server: of} = message as {request: Identified; server: Server};
    if (of !== server) return;
    const came = readIdentity(request.rawHeaders);
    if (came.id !== undefined && (came.parent !== undefined || !trace)) {
      request[known] = came;
      return;
    }
    const digits = came.parent === undefined ? randomDigits() : '';
    const id = came.id ?? came.parent?.slice(3, 35) ?? digits.slice(0, 32);
    // Sampled, as a tracer decides by default for a trace that begins.
    const parent = came.parent ?? (trace ? `00-${digits.slice(0, 32)}-${digits.slice(32)}-01` : undefined);
    if (came.id === undefined) addHeader(request, 'x-request-id', id);
    if (came.parent === undefined && parent !== undefined) addHeader(request, 'traceparent', parent);
    request[known] = {id, parent};
  });
}

/** The identity of a request, as it came or was given. */
export function identityOf(request: IncomingMessage): Identity {
  return (request as Identified)[known] ?? readIdentity(request.rawHeaders);
}

/** Looks at the raw headers: `request.headers` makes an object of all of them, which not every service asks for. */
function readIdentity(raw: readonly string[]): Identity {
  let id: string | undefined;
  let parent: string | undefined;
  for (let index = 0; index < raw.length; index += 2) {
    const {length} = raw[index] as string;
    if (length === 12 && id === undefined && raw[index]?.toLowerCase() === 'x-request-id') id = raw[index + 1] || undefined;
    else if (length === 11 && parent === undefined && raw[index]?.toLowerCase() === 'traceparent') parent = traceparent(raw[index + 1]);
  }
  return {id, parent};
}

function traceparent(text: string | undefined): string | undefined {
  return text !== undefined && /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}/.test(text) ? text : undefined;
}

// How many of the raw headers `request.headers` is made of, at the first time that somebody asks for it
// (lib/_http_incoming.js). Where it is called something else, the object is made at once.
const countSymbol = Object.getOwnPropertySymbols(new IncomingMessage(new Socket())).find(({description}) => description === 'kHeadersCount');

function addHeader(request: IncomingMessage, name: string, value: string): void {
  const counted = request as unknown as Record<symbol, unknown>;
  const count = countSymbol === undefined ? undefined : counted[countSymbol];
  if (countSymbol !== undefined && count === request.rawHeaders.length) {
    request.rawHeaders.push(name, value);
    counted[countSymbol] = request.rawHeaders.length;
  } else {
    request.headers[name] = value;
    request.rawHeaders.push(name, value);
  }
}
