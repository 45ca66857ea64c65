import {subscribe} from 'node:diagnostics_channel';
import type {Server, ServerResponse} from 'node:http';
import {createServer, type Server as NetServer, type Socket} from 'node:net';
import {setImmediate as nextTurn, setTimeout as sleep} from 'node:timers/promises';
import {listen, type ListenTarget} from '../load/listening.ts';
import type {DrainOrder, QueueState} from '../process/messages.ts';
import {currentResponse, hasPipelined, sentHead} from '../process/node-internals.ts';
import {lastResponse} from '../requests/last-response.ts';
import {fillQueue} from './accept-queue.ts';
import type {Accepting} from './connections.ts';
import {acceptorOptions} from './further.ts';

/** A server with its open connections. */
export interface DrainableServer {
  readonly server: Server;
  readonly accepting: Pick<Accepting, 'open' | 'stop'>;
  readonly sockets: ReadonlySet<Socket>;
  /** Those that were upgraded to websockets. */
  readonly websockets: ReadonlySet<Socket>;
}

const tickMilliseconds = 50;
/** Under constant load, there is always one more connection to accept. */
const maxAcceptMilliseconds = 250;

// RFC 6455, 5.5.1 and 7.4.1: a close frame with status 1001, "going away".
const goingAway = Buffer.from([0x88, 0x02, 0x03, 0xe9]);

/**
 * Ends every connection without losing a request. `server.close()` does not: it destroys connections that have not sent
 * a request yet, lets responses in progress promise keep-alive, and stops the check for slow requests. Instead: only stop
 * accepting, send `Connection: close` with the next response of every connection, then close idle connections.
 * @param order `limit` counts from the call; the caller applies `delay`
 * @param closed resolves when the listening socket is closed
 * @param notAccepting called when the worker no longer accepts connections
 * @returns the number of connections that were closed at the limit
 */
export async function drain(
  servers: readonly DrainableServer[],
  order: Omit<DrainOrder, 'delay'>,
  closed: Promise<void>,
  notAccepting: () => void,
): Promise<number> {
  const end = Date.now() + order.limit * 1000;
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
  const sent = new WeakSet<Socket>();
  const started = Date.now();
  while (Date.now() < end) {
    const tick = sleep(Math.min(tickMilliseconds, end - Date.now()));
    await (allClosed ? tick : Promise.race([stopped, tick]));
    if (allClosed && servers.every(({sockets}) => sockets.size === 0)) break;
    // After a poll of the loop: a connection whose request has arrived already is not idle.
    await nextTurn();
    const idle = idleFor(order.idle * 1000);
    for (const {websockets} of servers) for (const socket of websockets) sendGoingAway(socket, sent);
    if (Date.now() - started < order.idle * 1000) continue;
    for (const {server, sockets} of servers) {
      for (const socket of sockets) {
        if (socket.bytesRead === 0 && idle.has(socket) && currentResponse(socket) === undefined) socket.destroy();
        else endEventStream(socket);
      }
      // Only when all are idle: a response that was just sent may have promised keep-alive.
      if ([...sockets].every((socket) => idle.has(socket) || currentResponse(socket)?.headersSent === true))
        server.closeIdleConnections();
    }
  }
  const open = servers.flatMap(({sockets}) => [...sockets].filter((socket) => !socket.destroyed));
  for (const socket of open) socket.destroy();
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

function sendGoingAway(socket: Socket, sent: WeakSet<Socket>): void {
  if (sent.has(socket)) return;
  sent.add(socket);
  socket.write(goingAway);
}

/** A stream of server-sent events never ends on its own; its client reconnects, to another worker. */
function endEventStream(socket: Socket): void {
  const response = currentResponse(socket);
  if (
    response === undefined ||
    socket.writableEnded ||
    !/^content-type: *text\/event-stream/im.test(sentHead(response))
  )
    return;
  // The service gets the response's event `close`, as when a client disconnects.
  socket.end(response.chunkedEncoding === true ? '0\r\n\r\n' : '', () => socket.destroy());
}
