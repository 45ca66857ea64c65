import type {IncomingHttpHeaders, IncomingMessage, Server, ServerResponse} from 'node:http';
import type {ServerHttp2Stream} from 'node:http2';
import type {Socket} from 'node:net';
import type {Log} from '../process/log.ts';
import {currentResponse} from '../process/node-internals.ts';
import {isEventStream} from '../requests/event-stream.ts';
import type {OpenSockets} from '../requests/open-sockets.ts';
import type {Settings} from '../settings/settings.ts';
import {http2Streams} from './http-sockets.ts';
import {cutResponse, cutStream, endEventStream} from './response-cut.ts';

const endOfStream = 'the end of an event stream';

/** The limit on the time of a request, @see limitHandlers. */
export interface HandlerLimit {
  /** Seconds for which a request has kept all others waiting, with `sync`, as of the last check; else 0. */
  readonly held: () => number;
}

export interface HandlerLimitOptions {
  readonly settings: Pick<Settings, 'handlerTimeout' | 'workerClass'>;
  readonly servers: readonly {readonly server: Server; readonly sockets: OpenSockets}[];
  /** Whether the handler of a response, or of a stream of HTTP/2, runs: with `sync`, others wait, and their time has not begun. */
  readonly isRunning: (response: ServerResponse | ServerHttp2Stream) => boolean;
  /** The stack of what serves a request elsewhere, in a pool thread; undefined if it waits. */
  readonly stackOf?: ((request: IncomingMessage) => Promise<string | undefined>) | undefined;
  readonly log: Log;
  /** Requests a replacement for this worker: a handler that was given up still runs and holds memory. */
  readonly recycle: () => void;
}

interface Running {
  readonly response: ServerResponse | ServerHttp2Stream;
  readonly since: number;
}

/** A request that has taken too long. */
interface Expired {
  readonly request: Readonly<Record<string, unknown>>;
  readonly begun: boolean;
  /** What it waits for if that is not the handler. */
  readonly awaited: string | undefined;
  readonly stack: Promise<string | undefined> | undefined;
}

/**
 * Ends every request that takes longer than `handlerTimeout` seconds: with 503 if its response has not begun, else by
 * closing the connection. Upgraded connections are no requests, and event streams have no end; with `sync`, where a stream
 * keeps all other requests waiting, it is ended in order and its client reconnects.
 *
 * Looks at the connections, and at the streams of HTTP/2, from time to time, up to eight times in the limit, so that a request costs nothing: it is cut
 * that much late. A loop that does not turn is the watchdog's case.
 */
export function limitHandlers({
  settings,
  servers,
  isRunning,
  stackOf,
  log,
  recycle,
}: HandlerLimitOptions): HandlerLimit {
  const {handlerTimeout, workerClass} = settings;
  const isSync = workerClass === 'sync';
  if (handlerTimeout === 0 && !isSync) return {held: () => 0};
  const milliseconds = handlerTimeout === 0 ? 1000 : Math.max(20, Math.min(1000, handlerTimeout * 125));
  const limit = handlerTimeout === 0 ? Infinity : handlerTimeout;
  const seen = new WeakMap<Socket | ServerHttp2Stream, Running>();
  /** Streams that end at the limit, and may not have ended yet. */
  const cut = new WeakSet<ServerHttp2Stream>();
  const all = servers.map(({server, sockets}) => ({sockets, streams: http2Streams(server)}));
  let [clock, last, held] = [0, process.uptime(), 0];

  function check(): void {
    const now = process.uptime();
    // A process that was stopped, and a loop that was blocked, are not the handlers' time.
    clock += Math.min(now - last, (2 * milliseconds) / 1000);
    [last, held] = [now, 0];
    for (const {sockets, streams} of all) {
      for (const socket of sockets) checkSocket(socket);
      for (const [stream, headers] of streams)
        if (!stream.destroyed && !cut.has(stream) && isExpired(stream, stream)) expireStream(stream, headers);
    }
  }
  /** @param on what serves one response after the other */
  function isExpired(on: Socket | ServerHttp2Stream, response: ServerResponse | ServerHttp2Stream): boolean {
    if (!isRunning(response)) return false;
    const running = seen.get(on);
    if (running?.response !== response) {
      seen.set(on, {response, since: clock});
      return false;
    }
    const seconds = clock - running.since;
    held = Math.max(held, seconds);
    return seconds >= limit;
  }
  function checkSocket(socket: Socket): void {
    const response = currentResponse(socket);
    if (response !== undefined && !socket.destroyed && isExpired(socket, response)) expire(socket, response);
  }
  function expire(socket: Socket, response: ServerResponse): void {
    // It is being closed already.
    if (socket.writableEnded) return;
    const stream = isEventStream(response);
    if (stream && !isSync) return;
    const awaited = stream ? endOfStream : awaitedBy(response, socket);
    const {req, headersSent} = response;
    // The thread is known as long as the response is open.
    const stack = awaited === undefined ? stackOf?.(req) : undefined;
    void report({request: requestFields(req, req.headers), begun: headersSent, awaited, stack});
    if (stream) endEventStream(socket);
    else cutResponse(socket, response, 503);
  }
  function expireStream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const isEvents = /^text\/event-stream/i.test(String(stream.sentHeaders?.['content-type'] ?? ''));
    if (isEvents && !isSync) return;
    cut.add(stream);
    const awaited = isEvents ? endOfStream : awaitedByStream(stream);
    const request = requestFields({method: String(headers[':method']), url: String(headers[':path'])}, headers);
    void report({request, begun: stream.headersSent, awaited, stack: undefined});
    if (isEvents) stream.end();
    else cutStream(stream, 503);
  }
  async function report({request, begun, awaited, stack}: Expired): Promise<void> {
    const isHandler = awaited === undefined;
    if (isHandler) recycle();
    const computed = stack === undefined ? undefined : await stack;
    log(isHandler ? 'error' : 'warning', 'handler_timeout', {
      ...request,
      seconds: handlerTimeout,
      waits_for: awaited ?? 'the handler',
      ...(isHandler && computed === undefined ? {active_resources: activeResources()} : {}),
      message: isHandler
        ? `the handler did not ${begun ? 'finish' : 'start'} its response within ${handlerTimeout} s; ${computed === undefined ? 'it was waiting, so there is no stack' : 'its thread was computing'}`
        : `a response took longer than ${handlerTimeout} s: it waited for ${awaited}`,
      fix: '--handler-timeout sets the limit; 0: none',
      ...(computed === undefined ? {} : {stack: computed}),
    });
  }
  setInterval(check, milliseconds).unref();
  // Another class serves its other requests all the same.
  return {held: () => (isSync ? held : 0)};
}

/** What a response waits for if it is the client's turn; undefined if it is the handler's. */
function awaitedBy({req, writableEnded, writableLength}: ServerResponse, socket: Socket): string | undefined {
  const bytes = Math.max(writableLength, socket.writableLength);
  if (writableEnded || bytes > 0) return `the client to read ${bytes} bytes`;
  // A handler that reads has nothing left in the buffer.
  if (!req.complete && req.readableLength === 0 && req.readableFlowing !== false && !isUnread(req))
    return 'the rest of the request body';
  return undefined;
}

/** Whether the service has not begun to read the body. */
function isUnread(request: IncomingMessage): boolean {
  return request.readableFlowing === null && request.listenerCount('readable') === 0;
}

/** The same for a stream of HTTP/2. */
function awaitedByStream(stream: ServerHttp2Stream): string | undefined {
  if (stream.writableEnded || stream.writableLength > 0) return `the client to read ${stream.writableLength} bytes`;
  if (!stream.readableEnded && stream.readableLength === 0 && stream.readableFlowing === true)
    return 'the rest of the request body';
  return undefined;
}

/** Without the query, which can hold secrets. */
function requestFields(
  {method, url = ''}: Pick<IncomingMessage, 'method' | 'url'>,
  headers: IncomingHttpHeaders,
): Readonly<Record<string, unknown>> {
  const id = headers['x-request-id'];
  return {method, path: url.split('?', 1)[0], ...(id === undefined ? {} : {request_id: id})};
}

/** What the event loop waits for: `Timeout 2, TCPSocketWrap 3`. The closest thing to a stack that a waiting handler has. */
function activeResources(): string {
  const counts = new Map<string, number>();
  for (const name of process.getActiveResourcesInfo()) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => `${name} ${count}`).join(', ');
}
