import {subscribe} from 'node:diagnostics_channel';
import {rmSync} from 'node:fs';
import type {Server, ServerResponse} from 'node:http';
import {createServer, type Server as NetServer, type Socket} from 'node:net';
import {setImmediate as nextTurn, setTimeout as sleep} from 'node:timers/promises';
import {listen, type Place} from '../load/listening.ts';
import type {DrainOrder, QueueState} from '../process/messages.ts';
import {currentAnswer, hasPipelined, sentHead} from '../process/node-internals.ts';
import {plugQueue} from './accept-queue.ts';
import type {Accepting} from './connections.ts';

/** A server with its open connections. */
export interface Drained {
  readonly server: Server;
  readonly accepting: Pick<Accepting, 'open' | 'stop'>;
  readonly sockets: ReadonlySet<Socket>;
  /** Those that became websockets. */
  readonly websockets: ReadonlySet<Socket>;
}

const tickMilliseconds = 50;
/** Under a load that does not pause, there is always one more to accept. */
const mostBacklogMilliseconds = 250;

// RFC 6455, 5.5.1 and 7.4.1: a close frame with status 1001, "going away".
const goingAway = Buffer.from([0x88, 0x02, 0x03, 0xe9]);

/**
 * Ends every connection without a lost request. `server.close()` is not it: it destroys connections that have not sent
 * a request yet, lets answers under way promise keep-alive, and stops the check of slow requests. So: stop accepting
 * only; tell every connection to close with its next answer; then close those on which nothing happens any more.
 * @param order `limit` is counted from the call; `delay` is the caller's
 * @param closed resolves when nobody can connect any more
 * @param lame called when no connection is accepted any more
 * @returns the number of connections that were cut at the limit
 */
export async function drain(
  servers: readonly Drained[],
  order: Omit<DrainOrder, 'delay'>,
  closed: Promise<void>,
  lame: () => void,
): Promise<number> {
  const end = Date.now() + order.limit * 1000;
  const all = new Set(servers.map(({server}) => server));
  // A request that comes later is the last of its connection.
  subscribe('http.server.request.start', (message) => {
    const {response, server} = message as {response: ServerResponse; server: Server};
    if (all.has(server)) response.shouldKeepAlive = false;
  });
  for (const {sockets} of servers) for (const socket of sockets) closeWithAnswer(socket);
  if (order.last) await Promise.all(servers.map(takeBacklog));
  let over = false;
  const stopped = Promise.all([closed, ...servers.map(({accepting}) => accepting.stop())])
    .then(nextTurn)
    .finally(() => {
      over = true;
    });
  lame();
  const quiet = quietSince(servers);
  const sent = new WeakSet<Socket>();
  const begun = Date.now();
  while (Date.now() < end) {
    const tick = sleep(Math.min(tickMilliseconds, end - Date.now()));
    await (over ? tick : Promise.race([stopped, tick]));
    if (over && servers.every(({sockets}) => sockets.size === 0)) break;
    // After a poll of the loop, so that a request which is there already is not taken for silence.
    await nextTurn();
    const idle = quiet(order.idle * 1000);
    for (const {websockets} of servers) for (const socket of websockets) sendGoingAway(socket, sent);
    if (Date.now() - begun < order.idle * 1000) continue;
    for (const {server, sockets} of servers) {
      for (const socket of sockets) {
        if (socket.bytesRead === 0 && idle.has(socket) && currentAnswer(socket) === undefined) socket.destroy();
        else endEventStream(socket);
      }
      // Only when all are silent: an answer that has just gone may have promised that the connection stays open.
      if ([...sockets].every((socket) => idle.has(socket) || currentAnswer(socket)?.headersSent === true))
        server.closeIdleConnections();
    }
  }
  const left = servers.flatMap(({sockets}) => [...sockets].filter((socket) => !socket.destroyed));
  for (const socket of left) socket.destroy();
  return left.length;
}

/** The answer under way says that it is the last, unless more requests stand behind it on the connection. */
function closeWithAnswer(socket: Socket): void {
  const response = currentAnswer(socket);
  if (response !== undefined && !response.headersSent && !hasPipelined(socket, response))
    response.shouldKeepAlive = false;
}

/** What waits to be accepted is shared among the workers, whatever a worker's reasons to leave it were. */
async function takeBacklog({server, accepting}: Drained): Promise<void> {
  await accepting.open();
  await acceptAll(server);
}

/** Until some turns of the loop, each of which asks the kernel, brought no connection. */
async function acceptAll(server: NetServer): Promise<void> {
  let empty = 0;
  const came = (): void => {
    empty = 0;
  };
  server.on('connection', came);
  for (const end = Date.now() + mostBacklogMilliseconds; empty < 3 && Date.now() < end; empty += 1) await nextTurn();
  server.removeListener('connection', came);
}

/**
 * Accepts what slipped in after all had stopped, stops again, and says whether the listening socket can be closed without
 * a reset for anyone. Whom it accepts is served when nobody can connect any more: who is answered sooner may be back
 * before that, and so it would go on.
 * @param milliseconds for which it accepts at least
 * @param closed resolves when nobody can connect any more
 */
export async function clearQueue(
  server: Server,
  place: Place,
  milliseconds: number,
  closed: Promise<void>,
): Promise<QueueState> {
  const porter = createServer({pauseOnConnect: true}, (socket) => {
    void closed.then(() => server.emit('connection', socket)).then(() => socket.resume());
  });
  await listen(porter, place);
  const path = porter.address();
  if (typeof path === 'string') rmSync(path, {force: true});
  if (milliseconds > 0) await sleep(milliseconds);
  await acceptAll(porter);
  if (typeof path !== 'string') return plugQueue(porter);
  porter.close();
  return 'empty';
}

/** Which sockets have neither received nor sent for so many milliseconds? */
function quietSince(servers: readonly Drained[]): (milliseconds: number) => ReadonlySet<Socket> {
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

/** A stream of server-sent events has no end of its own; its client comes back by itself, to another worker. */
function endEventStream(socket: Socket): void {
  const response = currentAnswer(socket);
  if (
    response === undefined ||
    socket.writableEnded ||
    !/^content-type: *text\/event-stream/im.test(sentHead(response))
  )
    return;
  // Under the service's feet: it learns by the response's event `close`, as when a client goes away.
  socket.end(response.chunkedEncoding === true ? '0\r\n\r\n' : '', () => socket.destroy());
}
