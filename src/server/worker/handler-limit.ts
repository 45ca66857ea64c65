import type {IncomingMessage, ServerResponse} from 'node:http';
import type {Socket} from 'node:net';
import type {Log} from '../process/log.ts';
import {currentResponse} from '../process/node-internals.ts';
import type {Settings} from '../settings/settings.ts';
import {cutResponse, endEventStream, isEventStream} from './response-cut.ts';

/** The limit on the time of a request, @see limitHandlers. */
export interface HandlerLimit {
  /** Seconds for which the oldest request has been running, as of the last check. */
  readonly held: () => number;
}

export interface HandlerLimitOptions {
  readonly settings: Pick<Settings, 'handlerTimeout' | 'workerClass'>;
  /** @see httpSockets */
  readonly sockets: readonly ReadonlySet<Socket>[];
  /** Whether a response's handler runs: with `sync`, others wait, and their time has not begun. */
  readonly isRunning: (response: ServerResponse) => boolean;
  readonly log: Log;
  /** Requests a replacement for this worker: a handler that was given up still runs and holds memory. */
  readonly recycle: () => void;
}

interface Running {
  readonly response: ServerResponse;
  readonly since: number;
}

/**
 * Ends every request that takes longer than `handlerTimeout` seconds: with 503 if its response has not begun, else by
 * closing the connection. Upgraded connections are no requests, and event streams have no end; with `sync`, where a stream
 * keeps all other requests waiting, it is ended in order and its client reconnects.
 *
 * Looks at the connections from time to time, up to eight times in the limit, so that a request costs nothing: it is cut
 * that much late. A loop that does not turn is the watchdog's case.
 */
export function limitHandlers({settings, sockets, isRunning, log, recycle}: HandlerLimitOptions): HandlerLimit {
  const {handlerTimeout, workerClass} = settings;
  const isSync = workerClass === 'sync';
  if (handlerTimeout === 0 && !isSync) return {held: () => 0};
  const milliseconds = handlerTimeout === 0 ? 1000 : Math.max(20, Math.min(1000, handlerTimeout * 125));
  const limit = handlerTimeout === 0 ? Infinity : handlerTimeout;
  const seen = new WeakMap<Socket, Running>();
  let [clock, last, held] = [0, process.uptime(), 0];

  function check(): void {
    const now = process.uptime();
    // A process that was stopped, and a loop that was blocked, are not the handlers' time.
    clock += Math.min(now - last, (2 * milliseconds) / 1000);
    [last, held] = [now, 0];
    for (const all of sockets) for (const socket of all) checkSocket(socket);
  }
  function checkSocket(socket: Socket): void {
    const response = currentResponse(socket);
    if (response === undefined || socket.destroyed || !isRunning(response)) return;
    const running = seen.get(socket);
    if (running?.response !== response) return void seen.set(socket, {response, since: clock});
    const seconds = clock - running.since;
    held = Math.max(held, seconds);
    if (seconds >= limit) expire(socket, response);
  }
  function expire(socket: Socket, response: ServerResponse): void {
    // It is being closed already.
    if (socket.writableEnded) return;
    const stream = isEventStream(response);
    if (stream && !isSync) return;
    const awaited = stream ? 'the end of an event stream' : awaitedBy(response, socket);
    const isHandler = awaited === undefined;
    log(isHandler ? 'error' : 'warning', 'handler_timeout', {
      ...requestFields(response.req),
      seconds: handlerTimeout,
      waits_for: awaited ?? 'the handler',
      ...(isHandler ? {active_resources: activeResources()} : {}),
      message: isHandler
        ? `the handler did not ${response.headersSent ? 'end' : 'begin'} its response within ${handlerTimeout} s, and was not computing (no stack)`
        : `a response took longer than ${handlerTimeout} s: it waited for ${awaited}`,
      fix: '--handler-timeout sets the limit; 0: none',
    });
    if (stream) endEventStream(socket);
    else cutResponse(socket, response, 503);
    if (isHandler) recycle();
  }
  setInterval(check, milliseconds).unref();
  return {held: () => held};
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

/** Without the query, which can hold secrets. */
function requestFields({method, url = '', headers}: IncomingMessage): Readonly<Record<string, unknown>> {
  const id = headers['x-request-id'];
  return {method, path: url.split('?', 1)[0], ...(id === undefined ? {} : {request_id: id})};
}

/** What the event loop waits for: `Timeout 2, TCPSocketWrap 3`. The closest thing to a stack that a waiting handler has. */
function activeResources(): string {
  const counts = new Map<string, number>();
  for (const name of process.getActiveResourcesInfo()) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => `${name} ${count}`).join(', ');
}
