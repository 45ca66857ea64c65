import type {IncomingMessage, Server} from 'node:http';
import {Server as NetServer, type Socket} from 'node:net';
import type {Duplex} from 'node:stream';
import {listen, type Place} from '../load/listening.ts';
import {countConnections} from '../process/node-internals.ts';
import type {OnClosed} from '../requests/stats.ts';

/** Lets a worker leave connections to other workers, or in the backlog, for a while or for good. */
export interface Accepting {
  /** There may be several reasons: it accepts again when none is left. */
  readonly pause: (reason: string) => void;
  readonly resume: (reason: string) => void;
  /** Whatever the reasons. Resolves when it accepts. */
  readonly open: () => Promise<void>;
  /** For good. Resolves when the last connection is closed. */
  readonly stop: () => Promise<void>;
}

/**
 * node:net cannot pause. So this process closes its copy of the listening socket, and asks for another one when there
 * is room again: the socket itself belongs to the arbiter and stays.
 * @param reopen brings that copy
 */
export function pausableAccept(server: Server, reopen: () => Promise<Place>): Accepting {
  const reasons = new Set<string>();
  let state: 'open' | 'paused' | 'opening' | 'stopped' = 'open';
  let opening = Promise.resolve();
  const isStopped = (): boolean => state === 'stopped';
  function settle(): void {
    if (reasons.size > 0 && state === 'open') {
      state = 'paused';
      countConnections(server, 1);
      NetServer.prototype.close.call(server);
    } else if (reasons.size === 0 && state === 'paused') {
      state = 'opening';
      opening = reopened();
    }
  }
  async function reopened(): Promise<void> {
    const place = await reopen();
    if (isStopped()) return void place.handle?.close();
    await listen(server, place);
    if (isStopped()) return;
    state = 'open';
    countConnections(server, -1);
    settle();
  }
  return {
    pause: (reason) => {
      reasons.add(reason);
      settle();
    },
    resume: (reason) => {
      if (reasons.delete(reason)) settle();
    },
    open: async () => {
      reasons.clear();
      settle();
      await opening;
    },
    stop: () => {
      if (state === 'paused' || state === 'opening') countConnections(server, -1);
      state = 'stopped';
      return new Promise((resolve) => void NetServer.prototype.close.call(server, () => resolve()));
    },
  };
}

/** The open connections of a server. */
export interface Connections {
  readonly sockets: ReadonlySet<Socket>;
  readonly websockets: ReadonlySet<Socket>;
  /** As many as it may have. */
  readonly full: () => boolean;
  readonly upgraded: (request: IncomingMessage, socket: Duplex) => void;
  /** Has it called at the end of every connection. One listener of a socket serves all of them. */
  readonly onClosed: OnClosed;
}

const reason = 'connections';

/**
 * Counts connections. At the limit the worker stops accepting, and goes on when there is some room: further clients
 * wait in the backlog, or are another worker's.
 */
export function trackConnections(
  server: Server,
  {accepting, max, pausable}: {readonly accepting: Accepting; readonly max: number; readonly pausable: boolean},
): Connections {
  const sockets = new Set<Socket>();
  const websockets = new Set<Socket>();
  const enough = max - Math.ceil(max / 16);
  // Where a socket of its own is closed, its queue is lost: there, Node closes what is too much.
  if (!pausable) server.maxConnections = max;
  let paused = false;
  const listeners: ((socket: Socket) => void)[] = [];
  // One function for all sockets, and `on`: a closure and a wrapper for each would cost a connection more than the rest of this.
  function closed(this: Socket): void {
    sockets.delete(this);
    if (websockets.size > 0) websockets.delete(this);
    for (const listener of listeners) listener(this);
    if (!paused || sockets.size > enough) return;
    paused = false;
    accepting.resume(reason);
  }
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', closed);
    if (!pausable || sockets.size < max) return;
    paused = true;
    accepting.pause(reason);
  });
  return {
    sockets,
    websockets,
    full: () => sockets.size >= max,
    upgraded: (request, socket) => {
      if (sockets.has(socket as Socket) && request.headers.upgrade?.toLowerCase() === 'websocket')
        websockets.add(socket as Socket);
    },
    onClosed: (listener) => void listeners.push(listener),
  };
}
