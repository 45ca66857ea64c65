import type {IncomingMessage, Server} from 'node:http';
import type {Socket} from 'node:net';
import type {Duplex} from 'node:stream';
import type {Accepting} from './accepting.ts';

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

export type OnClosed = (listener: (socket: Socket) => void) => void;

const reason = 'connections';

/**
 * Counts connections. At the limit the worker stops accepting, and goes on when there is some room: further clients
 * wait in the backlog, or are another worker's.
 */
export function trackConnections(server: Server, {accepting, max, pausable}: {readonly accepting: Accepting; readonly max: number; readonly pausable: boolean}): Connections {
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
    sockets, websockets,
    full: () => sockets.size >= max,
    upgraded: (request, socket) => {
      if (sockets.has(socket as Socket) && request.headers.upgrade?.toLowerCase() === 'websocket') websockets.add(socket as Socket);
    },
    onClosed: (listener) => void listeners.push(listener),
  };
}
