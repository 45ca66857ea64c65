import {readSync} from 'node:fs';
import type {IncomingMessage, Server, ServerResponse} from 'node:http';
import net, {type Socket} from 'node:net';
import type {Duplex} from 'node:stream';

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

/** UV_TCP_REUSEPORT in uv.h. */
export const reusePortFlag = 2;

/** The response in progress on a connection. */
export function currentResponse(socket: Socket): (ServerResponse & {readonly chunkedEncoding?: boolean}) | undefined {
  return ((socket as unknown as Record<string, unknown>)['_httpMessage'] ?? undefined) as ServerResponse | undefined;
}

/** The head of a response as it was sent; empty before that. */
export function sentHead(response: ServerResponse): string {
  return ((response as unknown as Record<string, unknown>)['_header'] ?? '') as string;
}

/** Whether the connection is closed after this response, as its head says. */
export function isLast(response: ServerResponse): boolean {
  return (response as unknown as Record<string, unknown>)['_last'] === true;
}

/**
 * Gives a response a head that another server has written, framing included. Its body follows with `passBytes`.
 * @param last whether the connection is closed after it
 */
export function passHead(response: ServerResponse, status: number, text: string, last: boolean): void {
  response.statusCode = status;
  const chunkedEncoding = /\r\ntransfer-encoding: *chunked/i.test(text);
  Object.assign(response, {_header: text, _last: last, chunkedEncoding});
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

/** Whether the connection has received another request after the one of `response`. */
export function hasPipelined(socket: Socket, response: ServerResponse): boolean {
  const {parser} = socket as unknown as {readonly parser?: {readonly incoming?: IncomingMessage | null} | null};
  return parser?.incoming !== response.req;
}

/**
 * Adds a fictitious connection to a server's count, or removes it: a server emits `close` as soon as it has neither a
 * socket nor a connection.
 */
export function countConnections(server: Server, by: 1 | -1): void {
  const counted = server as unknown as Record<string, number>;
  counted['_connections'] = (counted['_connections'] ?? 0) + by;
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

/**
 * The bytes that a client has sent by the time its connection is accepted, read without a turn of the event loop.
 * Undefined if nothing has arrived yet.
 */
export function readNow(socket: Socket): Buffer | undefined {
  const {_handle: handle} = socket as unknown as Record<'_handle', {readonly fd?: number} | null>;
  if (handle?.fd === undefined || handle.fd < 0) return undefined;
  const buffer = Buffer.allocUnsafe(16_384);
  try {
    const length = readSync(handle.fd, buffer);
    return length === 0 ? undefined : buffer.subarray(0, length);
  } catch {
    return undefined;
  }
}
