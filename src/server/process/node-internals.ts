import type {EventEmitter} from 'node:events';
import {readSync, writeSync} from 'node:fs';
import type {IncomingMessage, ServerResponse} from 'node:http';
import net, {type Socket} from 'node:net';
import type {Duplex} from 'node:stream';
import {getSystemErrorMap} from 'node:util';

// Everything the server uses that is internal to Node and has no public equivalent, in one place to review at each Node
// release. All of it has been stable since Node 12 at least; test/unit/server/process/node-internals.test.ts fails when
// something disappears.

/** A socket that is bound but does not listen. */
export interface BoundHandle {
  getsockname(into: {port?: number}): number;
  close(): void;
}

type Binder = (
  host: string,
  port: number,
  family: 4 | 6 | -1,
  descriptor?: number,
  flags?: number,
) => BoundHandle | number;

/**
 * Binds without listening; returns an errno on failure. node:cluster binds its sockets with it: net.Server cannot bind
 * without accepting, and net.BoundSocket (Node 26) cannot be sent to another process.
 */
export const bindHandle = (net as unknown as Record<string, unknown>)['_createServerHandle'] as Binder;

/** @throws NodeJS.ErrnoException for an errno */
export function checkedHandle(result: BoundHandle | number, bind: string): BoundHandle {
  if (typeof result !== 'number') return result;
  const [code = 'UNKNOWN', text = 'error'] = getSystemErrorMap().get(result) ?? [];
  throw Object.assign(new Error(`bind ${code} ${bind}: ${text}`), {code, errno: result});
}

/** UV_TCP_IPV6ONLY in uv.h. */
export const ipv6OnlyFlag = 1;

/** UV_TCP_REUSEPORT in uv.h. */
export const reusePortFlag = 2;

/**
 * Makes a connection that another net.Server has accepted one of `server`: counted among its connections, and awaited
 * when it closes. Returns false where `server.maxConnections` is reached.
 */
export function adoptConnection(server: net.Server, socket: Socket): boolean {
  const {maxConnections = Infinity} = server;
  if (((server as unknown as Record<string, number>)['_connections'] ?? 0) >= maxConnections) return false;
  const inner = socket as unknown as Record<string, net.Server>;
  if (inner['_server'] !== undefined) countConnections(inner['_server'], -1);
  inner['_server'] = server;
  inner['server'] = server;
  countConnections(server, 1);
  return true;
}

/** The response in progress on a connection. */
export function currentResponse(socket: Socket): (ServerResponse & {readonly chunkedEncoding?: boolean}) | undefined {
  return ((socket as unknown as Record<string, unknown>)['_httpMessage'] ?? undefined) as ServerResponse | undefined;
}

/** The head of a response as it was sent; empty before that. */
export function sentHead(response: ServerResponse): string {
  return ((response as unknown as Record<string, unknown>)['_header'] ?? '') as string;
}

interface Parser {
  /** The request that is being received; null between two requests. */
  readonly incoming: IncomingMessage | null;
  onIncoming: ((request: IncomingMessage, keepAlive: boolean) => number) | null;
  execute(bytes: Buffer): number | Error;
  getCurrentBuffer(): Buffer;
  readonly constructor: {readonly kOnExecute?: number};
  [callback: number]: ((parsed: number | Error, bytes?: Buffer) => void) | undefined;
}

function parserOf(socket: Socket): Parser | undefined {
  return (socket as {parser?: Parser | null}).parser ?? undefined;
}

/** Whether the connection has received another request after the one of `response`. */
export function hasPipelined(socket: Socket, response: ServerResponse): boolean {
  return parserOf(socket)?.incoming !== response.req;
}

/** The request of a connection whose body has not arrived completely; none behind the last one. */
export function incompleteRequest(socket: Socket): IncomingMessage | undefined {
  const request = parserOf(socket)?.incoming ?? undefined;
  return request?.complete === false ? request : undefined;
}

/** Parses and discards whatever else the connection receives after the current request: no request starts, nothing is counted. */
export function ignoreFurtherRequests(socket: Socket): void {
  const parser = parserOf(socket);
  if (parser !== undefined) parser.onIncoming = ignoreRequest;
}

function ignoreRequest(request: IncomingMessage): number {
  Object.assign(request, {_dumped: true, complete: true, upgrade: false});
  return 0;
}

/**
 * node:http drops the bytes that arrive in one packet with a request whose Upgrade it ignores: its parser stops there,
 * as if the connection had been upgraded. This parses them as well.
 */
export function parseBehindUpgrade(request: IncomingMessage): void {
  const {socket} = request;
  const parser = parserOf(socket);
  const key = parser?.constructor.kOnExecute;
  const executed = key === undefined ? undefined : parser?.[key];
  if (parser === undefined || key === undefined || executed === undefined) return;
  parser[key] = (parsed, bytes = parser.getCurrentBuffer()) => {
    // The parser stops behind the body.
    if (!request.complete) return executed(parsed);
    parser[key] = executed;
    executed(parsed);
    const rest = typeof parsed === 'number' ? bytes.subarray(parsed) : undefined;
    if (rest === undefined || rest.length === 0) return;
    // The parser is still on the stack; the next packet arrives after the queue of ticks.
    process.nextTick(() => {
      if (parserOf(socket) !== parser) return;
      // It can contain another ignored Upgrade, which replaces the callback again.
      const next = parser.execute(rest);
      parser[key]?.(next, rest);
    });
  };
}

/** Whether the response closes its connection when it is sent: known once its head is written. */
export function endsConnection(response: ServerResponse): boolean {
  return (response as unknown as Record<string, unknown>)['_last'] === true;
}

/** Replaces `_storeHeader` of a response: it gets the headers in whatever form the service passed them, before they are written. */
export type StoreHead = (this: ServerResponse, firstLine: string, headers: unknown) => void;

type Stored = ServerResponse & Record<'_storeHeader', StoreHead> & {['_removedConnection']: boolean};

/** Lets `store` write the head of a response; it calls `storeHead`. One function for all responses: closures would be garbage. */
export function replaceHead(response: ServerResponse, store: StoreHead): void {
  (response as Stored)['_storeHeader'] = store;
}

/** The function that writes the head of a response. */
export const headOf = (response: ServerResponse): StoreHead => (response as Stored)['_storeHeader'];

/** Writes the head of a response with these headers, and with Connection even if the service has removed it. */
export function storeHead(response: ServerResponse, firstLine: string, headers: unknown): void {
  (response as Stored)['_removedConnection'] = false;
  (Object.getPrototypeOf(response) as Stored)['_storeHeader'].call(response, firstLine, headers);
}

/**
 * Adds a fictitious connection to a server's count, or removes it: a server emits `close` as soon as it has neither a
 * socket nor a connection.
 */
export function countConnections(server: net.Server, by: 1 | -1): void {
  const counted = server as unknown as Record<string, number>;
  counted['_connections'] = (counted['_connections'] ?? 0) + by;
}

/**
 * Turns on an emitter's option `captureRejections`, which can be set only when it is created: a promise that a listener
 * returns and that rejects goes to the method `Symbol.for('nodejs.rejection')`. Does nothing if there is no such option.
 */
export function captureRejections(emitter: EventEmitter): void {
  const option = Object.getOwnPropertySymbols(emitter).find(({description}) => description === 'kCapture');
  if (option !== undefined) (emitter as unknown as Record<symbol, unknown>)[option] = true;
}

/** Changes the length of the accept queue, for all processes that share the socket. */
export function setBacklog(server: net.Server, backlog: number): void {
  (server as unknown as Record<string, {listen?(backlog: number): number} | null>)['_handle']?.listen?.(backlog);
}

/** `server.listen` for the handle of a Unix socket, which `listen` itself refuses in a worker of node:cluster. */
export function listenOnPipe(server: net.Server, handle: unknown, path: string, backlog: number): void {
  const inner = server as unknown as Record<string, unknown>;
  inner['_handle'] = handle;
  inner['_pipeName'] = path;
  (inner['_listen2'] as (...words: readonly unknown[]) => void).call(server, path, -1, -1, backlog);
}

type EarlyRead = Socket & {[early]?: number};
const early = Symbol('bytes of readNow');

/** Number of bytes that a client has sent: `bytesRead` does not include those of `readNow`. */
export function bytesReceived(socket: Socket): number {
  return socket.bytesRead + ((socket as EarlyRead)[early] ?? 0);
}

/**
 * The bytes that a client has sent by the time its connection is accepted, read without a turn of the event loop.
 * Undefined if nothing has arrived yet.
 */
export function readNow(socket: Socket): Buffer | undefined {
  const descriptor = descriptorOf(socket);
  if (descriptor < 0) return undefined;
  const buffer = Buffer.allocUnsafe(16_384);
  try {
    const length = readSync(descriptor, buffer);
    (socket as EarlyRead)[early] = length;
    return length === 0 ? undefined : buffer.subarray(0, length);
  } catch {
    return undefined;
  }
}

/** What connects a socket to libuv; undefined when it is closed. */
export function handleOf(socket: Socket): {readonly fd?: number} | undefined {
  return (socket as unknown as Record<'_handle', {readonly fd?: number} | null>)['_handle'] ?? undefined;
}

/** The descriptor of a connection; -1 if it has none. */
export const descriptorOf = (socket: Socket): number => handleOf(socket)?.fd ?? -1;

const nothing = new Uint8Array(0);

/**
 * Whether the other end has reset a connection whose end was read already: Node does not read it any more, and learns of
 * the reset only when it writes. The kernel reports it for a write of no bytes as well, which sends nothing.
 */
export function isReset(socket: Socket): boolean {
  const descriptor = descriptorOf(socketUnderTls(socket) ?? socket);
  if (descriptor < 0) return socket.destroyed;
  try {
    writeSync(descriptor, nothing);
    return false;
  } catch (error) {
    const {code = ''} = error as NodeJS.ErrnoException;
    return code === 'EPIPE' || code === 'ECONNRESET';
  }
}

/** Calls `callback` with the first chunk that is written to a stream, by whichever of its methods, before it is sent. */
export function onFirstWrite(stream: Duplex, callback: (chunk: unknown) => void): void {
  const inner = stream as unknown as Record<'_write' | '_writev', ((...words: unknown[]) => void) | null | undefined>;
  const {_write: write, _writev: writev} = inner;
  const restore = (): void => {
    inner['_write'] = write;
    inner['_writev'] = writev;
  };
  inner['_write'] = function first(...words) {
    restore();
    callback(words[0]);
    Reflect.apply(write as () => void, this, words);
  };
  // Several chunks at once, after `cork`.
  if (typeof writev !== 'function') return;
  inner['_writev'] = function first(...words) {
    restore();
    callback((words[0] as readonly {readonly chunk: unknown}[])[0]?.chunk);
    Reflect.apply(writev, this, words);
  };
}

/** The TCP socket that carries a TLS connection which a server has accepted. */
export function socketUnderTls(socket: Socket): Socket | undefined {
  return (socket as unknown as Record<'_parent', Socket | undefined>)['_parent'];
}

/** Keeps Node watching for a signal. */
const keeper = (): void => {};

/**
 * Calls `handler` when this process gets a signal, in place of the listeners of `process`: those run only when the signal
 * is emitted with `process.emit`. They can be added, counted and removed as ever. Node binds `process.emit` as it is when
 * the first listener of a signal is added (lib/internal/process/signal.js): those that a preloaded module has added are
 * removed and added again.
 * @returns a function that stops it: from then on the signal has its default effect, unless listeners are left, and those
 * are still not called by it
 */
export function captureSignal(signal: NodeJS.Signals, handler: () => void): () => void {
  const before = process.rawListeners(signal) as (() => void)[];
  process.removeAllListeners(signal);
  const emit = process.emit as (...words: unknown[]) => boolean;
  process.emit = function captured(this: NodeJS.Process, event: unknown, ...words: unknown[]): boolean {
    if (event !== signal) return Reflect.apply(emit, process, [event, ...words]) as boolean;
    handler();
    return true;
  } as typeof process.emit;
  process.on(signal, keeper);
  delete (process as {emit?: unknown}).emit;
  for (const listener of before) process.on(signal, listener);
  // Before Node's own listener, which stops watching for a signal without listeners.
  const keep = (event: string | symbol): void => {
    if (event === signal && !process.listeners(signal).includes(keeper)) process.on(signal, keeper);
  };
  process.prependListener('removeListener', keep);
  return () => {
    process.removeListener('removeListener', keep);
    process.removeListener(signal, keeper);
  };
}

/**
 * Gives a response a head that another server has written, framing included. Its body follows with `passBytes`.
 * @param last whether the connection is closed after it; it is also, if the client has closed its half
 */
export function passHead(response: ServerResponse, status: number, text: string, last: boolean): void {
  response.statusCode = status;
  const chunkedEncoding = /\r\ntransfer-encoding: *chunked/i.test(text);
  Object.assign(response, {_header: text, _last: last || endsConnection(response), chunkedEncoding});
}

type Chunked = ServerResponse & {chunkedEncoding: boolean};

/** Sends a part of a body that is framed already. Returns what `response.write` returns. */
export function passBytes(response: ServerResponse, bytes: Uint8Array | string, encoding: BufferEncoding): boolean {
  const own = response as Chunked;
  const {chunkedEncoding} = own;
  own.chunkedEncoding = false;
  const isFlowing = response.write(bytes, encoding);
  own.chunkedEncoding = chunkedEncoding;
  return isFlowing;
}

/** Ends such a body, with its last part. */
export function passEnd(
  response: ServerResponse,
  bytes: Uint8Array | string | undefined,
  encoding: BufferEncoding,
): void {
  (response as Chunked).chunkedEncoding = false;
  if (bytes === undefined) response.end();
  else response.end(bytes, encoding);
}

/** The response that is being written to a connection which is no socket of node:net. */
export function responseOf(stream: Duplex): ServerResponse | undefined {
  return currentResponse(stream as Socket);
}

/** Sends an informational response as it was written by another server, before the head of this one. */
export function passInformation(response: ServerResponse, text: string): void {
  const write = (response as unknown as Record<string, unknown>)['_writeRaw'] as (text: string, name: string) => void;
  write.call(response, text, 'latin1');
}
