import type {ServerResponse} from 'node:http';
import type {Socket} from 'node:net';
import {
  currentResponse,
  endsConnection,
  headOf,
  ignoreFurtherRequests,
  replaceHead,
  storeHead,
} from '../process/node-internals.ts';

const last = Symbol('last');
const queue = Symbol('queue');

// Not the response itself: it would live as long as its connection.
type Connection = Socket & {
  /** Set when the last response is decided: by the client, which sends no further request, or by this server. */
  [last]?: 'client' | 'server';
  /** Responses behind one that was in progress, if the client pipelines. */
  [queue]?: ServerResponse[];
};

/**
 * Makes a response the last of its connection, whatever the service sets: it says `Connection: close`, the connection is
 * closed after it, and requests behind it are discarded. RFC 9112 section 9.6 forbids to process them: their responses
 * would be lost, and the client sends them again.
 * @param socket the connection: `response.req` has none after its body was destroyed
 */
export function lastResponse(response: ServerResponse, socket: Socket | null): void {
  const connection = socket as Connection | null;
  if (connection !== null) {
    if (connection[last] !== undefined) return;
    connection[last] = response.shouldKeepAlive ? 'server' : 'client';
    ignoreFurtherRequests(connection);
  }
  response.shouldKeepAlive = false;
  replaceHead(response, storeLast);
}

/** Who has decided which response of a connection is the last; undefined before that. */
export const lastDecidedBy = (socket: Socket): 'client' | 'server' | undefined => (socket as Connection)[last];

/**
 * Whether a response before this one, which the client has pipelined, closes the connection: the service decided that,
 * or the client.
 */
export function isBehindClose(socket: Socket, response: ServerResponse): boolean {
  const current = currentResponse(socket);
  if (current === undefined || current === response) return false;
  const connection = socket as Connection;
  const before = (connection[queue] ?? []).filter((each) => !each.destroyed);
  if (endsConnection(current) || before.some(endsConnection)) {
    ignoreFurtherRequests(socket);
    return true;
  }
  connection[queue] = [...before, response];
  return false;
}

/**
 * Sends a response to a request of HTTP/1.0 without chunks, even if the service sets Transfer-Encoding: such a client
 * does not know it (RFC 9112 section 6.1).
 */
export function unchunked(response: ServerResponse): void {
  response.useChunkedEncodingByDefault = false;
  if (headOf(response) !== storeLast) replaceHead(response, storeUnchunked);
}

function storeUnchunked(this: ServerResponse, firstLine: string, headers: unknown): void {
  storeHead(this, firstLine, withoutFraming(this, headers));
}

function storeLast(this: ServerResponse, firstLine: string, headers: unknown): void {
  this.shouldKeepAlive = false;
  const framed = this.req.httpVersion === '1.0' ? withoutFraming(this, headers) : headers;
  // As a rule, the service says nothing about the connection.
  if (isSilent(this, framed)) return storeHead(this, firstLine, framed);
  const closing = changed(this, framed, 'connection', closeOption);
  storeHead(this, firstLine, changed(this, closing, 'keep-alive', removed));
}

const connectionLength = 'connection'.length;

/** Whether no header can be `Connection` or `Keep-Alive`, by the length of the names: comparing those is cheaper. */
function isSilent(response: ServerResponse, headers: unknown): boolean {
  if (response.hasHeader('connection') || response.hasHeader('keep-alive')) return false;
  if (typeof headers !== 'object' || headers === null) return true;
  if (Array.isArray(headers)) {
    if (Array.isArray(headers[0])) return false;
    for (let index = 0; index < headers.length; index += 2)
      if (String(headers[index]).length === connectionLength) return false;
    return true;
  }
  for (const name in headers) if (name.length === connectionLength) return false;
  return true;
}

// node:http refuses to announce trailers without chunks.
function withoutFraming(response: ServerResponse, headers: unknown): unknown {
  return changed(response, changed(response, headers, 'transfer-encoding', removed), 'trailer', removed);
}

const removed = (): undefined => undefined;

/** `Connection` of a last response: the options of the service, such as `upgrade`, but `close` instead of `keep-alive`. */
function closeOption(value: unknown): string {
  const options = String(value)
    .split(',')
    .map((option) => option.trim())
    .filter((option) => !/^(?:close|keep-alive|)$/i.test(option));
  return ['close', ...options].join(', ');
}

type Change = (value: unknown) => string | undefined;

/** Headers with one of them changed, or removed, in each form that `writeHead` accepts. */
function changed(response: ServerResponse, headers: unknown, name: string, change: Change): unknown {
  const value = response.getHeader(name);
  if (value !== undefined) {
    // Headers that were set one by one: `writeHead` has added its own to them.
    const next = change(value);
    if (next === undefined) response.removeHeader(name);
    else response.setHeader(name, next);
    return headers;
  }
  if (Array.isArray(headers))
    return Array.isArray(headers[0]) ? pairs(headers, name, change) : flat(headers, name, change);
  if (typeof headers !== 'object' || headers === null) return headers;
  if (!Object.keys(headers).some((key) => key.toLowerCase() === name)) return headers;
  return Object.fromEntries(pairs(Object.entries(headers), name, change));
}

function pairs(headers: readonly (readonly unknown[])[], name: string, change: Change): (readonly [string, unknown])[] {
  return headers.flatMap(([key, value]) => {
    if (String(key).toLowerCase() !== name) return [[String(key), value] as const];
    const next = change(value);
    return next === undefined ? [] : [[String(key), next] as const];
  });
}

function flat(headers: readonly unknown[], name: string, change: Change): readonly unknown[] {
  if (!headers.some((key, index) => index % 2 === 0 && String(key).toLowerCase() === name)) return headers;
  const entries = headers.flatMap((key, index) => (index % 2 === 0 ? [[key, headers[index + 1]]] : []));
  return pairs(entries, name, change).flat();
}
