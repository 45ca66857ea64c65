import {subscribe} from 'node:diagnostics_channel';
import type {Server, ServerResponse} from 'node:http';
import {createServer, type Server as NetServer, type Socket} from 'node:net';
import {setImmediate as nextTurn, setTimeout as sleep} from 'node:timers/promises';
import {listen, type ListenTarget} from '../load/listening.ts';
import type {DrainOrder, QueueState} from '../process/messages.ts';
import {currentResponse, hasPipelined} from '../process/node-internals.ts';
import {isEventStream} from '../requests/event-stream.ts';
import {lastResponse} from '../requests/last-response.ts';
import type {OpenSockets} from '../requests/open-sockets.ts';
import {fillQueue} from './accept-queue.ts';
import type {Accepting} from './connections.ts';
import {acceptorOptions} from './further.ts';
import {cutResponse, endEventStream} from './response-cut.ts';
import type {Websockets} from './websockets.ts';

/** A server with its open connections. */
export interface DrainableServer {
  readonly server: Server;
  readonly accepting: Pick<Accepting, 'open' | 'stop'>;
  /** @see httpSockets */
  readonly sockets: OpenSockets;
  /** @see http2Sessions */
  readonly closeSessions: () => void;
}

/** How long a drain lasts. A later order can shorten it while it is under way. */
export interface DrainLimits {
  /** When connections without a response in progress are closed, in milliseconds of the epoch. */
  limitAt: number;
  /** When responses in progress are cut. */
  responsesAt: number;
  /** Whether the worker must stay, even without connections: the arbiter has not closed the listening socket yet. */
  stays: boolean;
}

const tickMilliseconds = 50;
/** Under constant load, there is always one more connection to accept. */
const maxAcceptMilliseconds = 250;

/**
 * Ends every connection without losing a request. `server.close()` does not: it destroys connections that have not sent
 * a request yet, lets responses in progress promise keep-alive, and stops the check for slow requests. Instead: only stop
 * accepting, send `Connection: close` with the next response of every connection, then close idle connections.
 * @param order `limits` count instead of its own
 * @param closed resolves when the listening socket is closed
 * @param notAccepting called when the worker no longer accepts connections
 * @returns the number of connections that were closed at the limit
 */
export async function drain(
  servers: readonly DrainableServer[],
  {sendGoingAway}: Pick<Websockets, 'sendGoingAway'>,
  order: Pick<DrainOrder, 'idle' | 'last'>,
  limits: Readonly<DrainLimits>,
  closed: Promise<void>,
  notAccepting: () => void,
): Promise<number> {
  const all = new Set(servers.map(({server}) => server));
  // The next request of a connection is its last.
  subscribe('http.server.request.start', (message) => {
    const {response, server, socket} = message as {response: ServerResponse; server: Server; socket: Socket};
    if (all.has(server)) lastResponse(response, socket);
  });
  for (const {sockets} of servers) for (const socket of sockets) closeAfterResponse(socket);
  if (order.last) await Promise.all(servers.map(takeQueue));
  let allClosed = false;
  const stopped = Promise.all([closed, ...servers.map(({accepting}) => accepting.stop())])
    .then(nextTurn)
    .finally(() => {
      allClosed = true;
    });
  notAccepting();
  const idleFor = idleSockets(servers);
  const started = Date.now();
  let cut = 0;
  while (Date.now() < limits.responsesAt) {
    const tick = sleep(Math.min(tickMilliseconds, limits.responsesAt - Date.now()));
    await (allClosed ? tick : Promise.race([stopped, tick]));
    if (allClosed && !limits.stays && servers.every(({sockets}) => sockets.size === 0)) break;
    // After a poll of the loop: a connection whose request has arrived already is not idle.
    await nextTurn();
    const idle = idleFor(order.idle * 1000);
    sendGoingAway();
    if (Date.now() >= limits.limitAt) cut += closeAll(servers, (socket) => currentResponse(socket) === undefined);
    if (Date.now() - started < order.idle * 1000) continue;
    for (const {server, sockets, closeSessions} of servers) {
      closeSessions();
      for (const socket of sockets) {
        if (socket.bytesRead === 0 && idle.has(socket) && currentResponse(socket) === undefined) socket.destroy();
        else if (isEventStream(currentResponse(socket))) endEventStream(socket);
      }
      // Only when all are idle: a response that was just sent may have promised keep-alive.
      if ([...sockets].every((socket) => idle.has(socket) || currentResponse(socket)?.headersSent === true))
        server.closeIdleConnections();
    }
  }
  return cut + closeAll(servers, () => true);
}

/** Closes connections, those whose response has not begun with 503. Returns their number. */
function closeAll(servers: readonly DrainableServer[], which: (socket: Socket) => boolean): number {
  const open = servers.flatMap(({sockets}) => [...sockets].filter((socket) => !socket.destroyed && which(socket)));
  for (const socket of open) {
    const response = currentResponse(socket);
    if (response === undefined || response.headersSent) socket.destroy();
    else cutResponse(socket, response, 503);
  }
  return open.length;
}

/** Makes the response in progress the last of its connection, unless further requests are pipelined after it. */
function closeAfterResponse(socket: Socket): void {
  const response = currentResponse(socket);
  if (response !== undefined && !response.headersSent && !hasPipelined(socket, response))
    lastResponse(response, socket);
}

/** Takes this worker's share of the accept queue, even if it had paused accepting. */
async function takeQueue({server, accepting}: DrainableServer): Promise<void> {
  await accepting.open();
  await acceptAll(server);
}

/** Accepts until three turns of the loop, each of which polls the kernel, brought no connection. */
async function acceptAll(server: NetServer): Promise<void> {
  let empty = 0;
  const accepted = (): void => {
    empty = 0;
  };
  server.on('connection', accepted);
  for (const end = Date.now() + maxAcceptMilliseconds; empty < 3 && Date.now() < end; empty += 1) await nextTurn();
  server.removeListener('connection', accepted);
}

/**
 * Accepts the connections that arrived after all workers had stopped, stops again, and returns whether the listening
 * socket can be closed without resetting a client. The connections are served once the socket is closed: a client that is
 * answered sooner could connect again before that, endlessly.
 * @param milliseconds minimum time to accept for
 * @param closed resolves when the listening socket is closed
 */
export async function clearQueue(
  server: Server,
  target: ListenTarget,
  milliseconds: number,
  closed: Promise<void>,
): Promise<QueueState> {
  const acceptor = createServer({...acceptorOptions, pauseOnConnect: true}, (socket) => {
    void closed.then(() => server.emit('connection', socket)).then(() => socket.resume());
  });
  await listen(acceptor, target);
  if (milliseconds > 0) await sleep(milliseconds);
  await acceptAll(acceptor);
  // The arbiter has removed the file of a Unix socket: no further client finds it.
  if (typeof acceptor.address() !== 'string') return fillQueue(acceptor, target.settings.bind[0]);
  acceptor.close();
  return 'empty';
}

/** Returns a function that returns the sockets that have neither received nor sent for so many milliseconds. */
function idleSockets(servers: readonly DrainableServer[]): (milliseconds: number) => ReadonlySet<Socket> {
  const seen = new WeakMap<Socket, {bytes: number; at: number}>();
  return (milliseconds) => {
    const now = Date.now();
    const found = new Set<Socket>();
    for (const {sockets} of servers) {
      for (const socket of sockets) {
        const bytes = socket.bytesRead + socket.bytesWritten;
        const last = seen.get(socket);
        if (last === undefined || last.bytes !== bytes) seen.set(socket, {bytes, at: now});
        else if (now - last.at >= milliseconds) found.add(socket);
      }
    }
    return found;
  };
}
