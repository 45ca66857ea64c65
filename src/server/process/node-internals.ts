import {readSync} from 'node:fs';
import type {IncomingMessage, Server, ServerResponse} from 'node:http';
import net, {type Socket} from 'node:net';

// What Node keeps and has no public way to, in one place: this is to be looked at when Node changes. Each has been as
// it is since Node 12 at least, and test/unit/server/process/node-internals.test.ts says when one is gone.

/** A socket that is bound and does not listen. */
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
 * Binds without listening; returns an errno where it cannot. node:cluster binds its sockets with it: net.Server cannot
 * bind without accepting, and net.BoundSocket (Node 26) cannot be sent to another process.
 */
export const bindHandle = (net as unknown as Record<string, unknown>)['_createServerHandle'] as Binder;

/** uv.h. */
export const reusePortFlag = 2;

/** The answer under way on a connection; it also tells its head, once that has gone. */
export function currentAnswer(socket: Socket): (ServerResponse & {readonly chunkedEncoding?: boolean}) | undefined {
  return ((socket as unknown as Record<string, unknown>)['_httpMessage'] ?? undefined) as ServerResponse | undefined;
}

/** The head of an answer as it was sent; empty before. */
export function sentHead(response: ServerResponse): string {
  return ((response as unknown as Record<string, unknown>)['_header'] ?? '') as string;
}

/** Has another request come on the connection, behind the one that is being answered? */
export function hasPipelined(socket: Socket, response: ServerResponse): boolean {
  const {parser} = socket as unknown as {readonly parser?: {readonly incoming?: IncomingMessage | null} | null};
  return parser?.incoming !== response.req;
}

/** A server emits `close` when it has neither a socket nor a connection: this counts one that is not there. */
export function countConnections(server: Server, by: 1 | -1): void {
  const counted = server as unknown as Record<string, number>;
  counted['_connections'] = (counted['_connections'] ?? 0) + by;
}

/** Changes how many connections may wait to be accepted, for all who share the socket. */
export function setBacklog(server: net.Server, backlog: number): void {
  (server as unknown as Record<string, {listen?(backlog: number): number} | null>)['_handle']?.listen?.(backlog);
}

/** `server.listen` for the handle of a socket with a path, which it does not take in a worker of node:cluster. */
export function listenOnPipe(server: net.Server, handle: unknown, path: string, backlog: number): void {
  const inner = server as unknown as Record<string, unknown>;
  inner['_handle'] = handle;
  inner['_pipeName'] = path;
  (inner['_listen2'] as (...words: readonly unknown[]) => void).call(server, path, -1, -1, backlog);
}

/**
 * What a client has sent already, at the moment in which its connection is accepted: read at once, without a turn of
 * the loop. Undefined when nothing is there yet.
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
