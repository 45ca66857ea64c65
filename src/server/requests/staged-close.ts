import type {Server} from 'node:http';
import type {Socket} from 'node:net';
import type {Duplex, Readable} from 'node:stream';
import {currentResponse, ignoreFurtherRequests, incompleteRequest, isReset} from '../process/node-internals.ts';
import {isEventStream} from './event-stream.ts';
import {lastDecidedBy} from './last-response.ts';

// A socket that is closed with unread bytes makes the kernel send a reset, and a reset discards what the client has not
// read yet: the response. RFC 9112 section 9.6: close in stages. First the server's half; then read on and discard until
// the client closes its half as well, within these limits.

/** A client that sends nothing for so long has either read the response or left. */
const silentMilliseconds = 2000;
/** A client that continues to send has had time to notice the response. */
const maxMilliseconds = 10_000;
const maxBytes = 64 * 2 ** 20;
const checkMilliseconds = 500;
const probeMilliseconds = 10_000;

/** What a connection has received or sent, as seen at intervals. */
interface Progress {
  readonly started: number;
  readonly before: number;
  bytes: number;
  /** When `bytes` changed. */
  changed: number;
  /** Whether the client of a half-closed connection was asked whether it is still there. */
  asked: boolean;
  /** Whether the kernel asks it. */
  probed: boolean;
}

/** Closes the connections of a server in stages, and keeps those of clients that have closed their half. */
export interface StagedClose {
  /** For each connection, before node:http gets it. */
  readonly connection: (socket: Socket) => void;
  /** For a response that is complete before the body of its request. */
  readonly unread: (socket: Socket) => void;
  /** Whether an error of the parser is about bytes behind the last request of a connection: they are discarded, HTTP or not. */
  readonly discards: (error: NodeJS.ErrnoException, socket: Socket) => boolean;
  /** Sends the last bytes of a connection that node:http has given up. */
  readonly end: (socket: Duplex, bytes: string) => void;
}

/**
 * @param shutdown shut down a finished connection before it is closed: with `threads`, a thread can still read the rest of a
 * body when the next response closes the connection
 */
export function stagedClose(server: Server, {shutdown}: {readonly shutdown: boolean}): StagedClose {
  // Public, but missing in the types.
  Object.assign(server, {httpAllowHalfOpen: true});
  const closing = new Map<Duplex, Progress>();
  const unread = new Map<Socket, Progress>();
  const halfClosed = new Map<Socket, Progress>();
  /** Those that sent more after the last request that they had announced. */
  const noisy = new WeakSet<Socket>();
  /** Connections that are complete, to be closed at the end of this turn of the loop. */
  const flushed: Socket[] = [];
  let timer: NodeJS.Timeout | undefined;

  function watch<T extends Duplex>(sockets: Map<T, Progress>, socket: T): void {
    const now = Date.now();
    const bytes = bytesOf(socket, sockets === (halfClosed as unknown));
    sockets.set(socket, {started: now, before: bytes, bytes, changed: now, asked: false, probed: false});
    timer ??= setTimeout(check, checkMilliseconds).unref();
  }

  function check(): void {
    const now = Date.now();
    for (const [socket, progress] of halfClosed) {
      update(progress, bytesOf(socket, true), now);
      if (socket.destroyed || !awaitsResponse(socket, progress, now)) halfClosed.delete(socket);
    }
    for (const [socket, progress] of unread) {
      update(progress, bytesOf(socket), now);
      if (socket.destroyed || !awaitsBody(socket, progress, now)) unread.delete(socket);
    }
    for (const [socket, progress] of closing) {
      update(progress, bytesOf(socket), now);
      if (socket.destroyed || isOver(progress, now)) closing.delete(socket.destroy());
    }
    const watched = halfClosed.size + unread.size + closing.size;
    timer = watched === 0 ? undefined : setTimeout(check, checkMilliseconds).unref();
  }

  function awaitsBody(socket: Socket, progress: Progress, now: number): boolean {
    const request = incompleteRequest(socket);
    if (request === undefined || currentResponse(socket) !== undefined || closing.has(socket)) return false;
    const isRead = request.listenerCount('data') > 0 || request.listenerCount('readable') > 0;
    // The service still reads, more slowly than the client sends or not at all: without the end of the body, nothing that
    // follows on this connection would be answered.
    const isStuck = isRead && now - progress.changed >= checkMilliseconds && isFull(request);
    if (isStuck || (!isRead && isOver(progress, now))) endInStages(socket);
    return true;
  }

  function endInStages(socket: Duplex): void {
    socket.end();
    ignoreFurtherRequests(socket as Socket);
    const request = incompleteRequest(socket as Socket);
    request?.removeAllListeners('data').removeAllListeners('readable').resume();
    socket.resume();
    watch(closing, socket);
  }

  /** Replaces the socket's own method, which node:http calls after the last response of a connection. */
  function destroySoon(this: Socket): void {
    const isQuiet = lastDecidedBy(this) === 'client' && !noisy.has(this) && incompleteRequest(this) === undefined;
    if (!this.readableEnded && !this.destroyed && !isQuiet) endInStages(this);
    else if (!shutdown && isFlushed(this)) destroyLater(this);
    else Reflect.apply(ownDestroySoon(this), this, []);
  }

  // Not at once: listeners to the end of a response read the address of its client.
  function destroyLater(socket: Socket): void {
    if (flushed.push(socket) > 1) return;
    setImmediate(() => {
      for (const each of flushed.splice(0)) each.destroy();
    });
  }

  function clientEnded(this: Socket): void {
    const response = currentResponse(this);
    if (response !== undefined && !response.writableEnded) watch(halfClosed, this);
  }

  return {
    connection: (socket) => {
      socket.destroySoon = destroySoon;
      socket.on('end', clientEnded);
    },
    unread: (socket) => {
      const request = incompleteRequest(socket);
      if (request === undefined || closing.has(socket)) return;
      if (request.listenerCount('data') === 0 && request.listenerCount('readable') === 0) request.resume();
      watch(unread, socket);
    },
    discards: (error, socket) => {
      const isBehind = lastDecidedBy(socket) !== undefined && incompleteRequest(socket) === undefined;
      if (!isParserError(error) || (!closing.has(socket) && !isBehind)) return false;
      noisy.add(socket);
      return true;
    },
    end: (socket, bytes) => {
      socket.on('error', () => {});
      socket.write(bytes);
      endInStages(socket);
    },
  };
}

function bytesOf(socket: Duplex, sent = false): number {
  const {bytesRead = 0, bytesWritten = 0} = socket as Partial<Socket>;
  return sent ? bytesWritten : bytesRead;
}

function update(progress: Progress, bytes: number, now: number): void {
  if (bytes !== progress.bytes) Object.assign(progress, {bytes, changed: now});
}

function isOver({started, before, bytes, changed}: Progress, now: number): boolean {
  return now - changed >= silentMilliseconds || now - started >= maxMilliseconds || bytes - before >= maxBytes;
}

function isFull({readableLength, readableHighWaterMark, readableFlowing}: Readable): boolean {
  return readableFlowing === false || readableLength >= readableHighWaterMark;
}

/**
 * Whether a client that has closed its half can still get its response. One that has closed the whole connection looks
 * the same until the server sends something, which its kernel answers with a reset; the service must notice that, to end
 * its work. Hence, after a while, one interim response: a client ignores it (RFC 9110 section 15.2).
 */
function awaitsResponse(socket: Socket, progress: Progress, now: number): boolean {
  const response = currentResponse(socket);
  if (response === undefined || response.writableEnded) return false;
  if (!response.headersSent) {
    if (progress.asked) {
      if (isReset(socket)) socket.destroy();
    } else if (response.req.httpVersionMinor > 0 && now - progress.started >= checkMilliseconds) {
      progress.asked = true;
      socket.write('HTTP/1.1 100 Continue\r\n\r\n');
    }
    return true;
  }
  if (now - progress.changed < checkMilliseconds) return true;
  // A stream of events can be silent for long, and ends when its client leaves. Any other pauses, and its next bytes show
  // whether the client has left; so do the kernel's probes, which a kernel answers with a reset when it has forgotten the
  // connection (a minute after its process has closed it).
  if (isEventStream(response) || isReset(socket)) socket.destroy();
  else if (!progress.probed) {
    progress.probed = true;
    socket.setKeepAlive(true, probeMilliseconds);
  }
  return true;
}

/**
 * Whether the kernel has all that was written: it sends the end of the connection when the socket is closed, and a shutdown
 * before it would cost an eighth of a request on a new connection. TLS has an end of its own, which must be sent.
 */
function isFlushed(socket: Socket): boolean {
  return socket.writableLength === 0 && !('encrypted' in socket);
}

function ownDestroySoon(socket: Socket): () => void {
  return (Object.getPrototypeOf(socket) as Socket).destroySoon;
}

/** Errors of a socket come through the same event. */
function isParserError({code = ''}: NodeJS.ErrnoException): boolean {
  return code.startsWith('HPE_') || code === 'ERR_HTTP_REQUEST_TIMEOUT';
}
