import type {Server} from 'node:http';
import {Server as NetServer, type Socket} from 'node:net';
import {listen, type ListenTarget} from '../load/listening.ts';
import {countConnections} from '../process/node-internals.ts';
import type {OnClosed} from '../records/stats.ts';
import {type OpenSockets, socketList} from '../requests/open-sockets.ts';
import {type FurtherListeners, furtherListeners} from './further.ts';

/** Stops a worker from accepting at any of its addresses, temporarily or for good: connections go to other workers or wait in the accept queue. */
export interface Accepting {
  /** Pauses for a reason. Accepting resumes when no reason is left. */
  readonly pause: (reason: string) => void;
  readonly resume: (reason: string) => void;
  /** Listens on the further addresses of the server, too. Called once, when the main one listens. */
  readonly listenFurther: (target: ListenTarget) => Promise<void>;
  /** Drops all reasons. Resolves when the worker accepts. */
  readonly open: () => Promise<void>;
  /** Stops for good. Resolves when the last connection is closed. */
  readonly stop: () => Promise<void>;
}

/**
 * node:net cannot pause accepting. Instead, this process closes its copy of the listening socket and requests another one
 * to resume: the socket itself belongs to the arbiter and stays open.
 * @param reopen requests that copy
 */
export function pausableAccept(server: Server, reopen: () => Promise<ListenTarget>): Accepting {
  const reasons = new Set<string>();
  let state: 'open' | 'paused' | 'opening' | 'stopped' = 'open';
  let opening = Promise.resolve();
  const isStopped = (): boolean => state === 'stopped';
  // Undefined with one address, as most servers have.
  let further: FurtherListeners | undefined;
  function settle(): void {
    if (reasons.size > 0 && state === 'open') {
      state = 'paused';
      countConnections(server, 1);
      NetServer.prototype.close.call(server);
      further?.close();
    } else if (reasons.size === 0 && state === 'paused') {
      state = 'opening';
      opening = reopened();
    }
  }
  async function reopened(): Promise<void> {
    const target = await reopen();
    if (isStopped()) {
      for (const {handle} of [target, ...(target.further ?? [])]) handle?.close();
      return;
    }
    await listen(server, target);
    await further?.listen(target);
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
    listenFurther: async (target) => {
      further = furtherListeners(server);
      // Otherwise it listens everywhere when it resumes.
      if (state === 'open') return further.listen(target);
      for (const {handle} of target.further ?? []) handle?.close();
    },
    open: async () => {
      reasons.clear();
      settle();
      await opening;
    },
    stop: () => {
      if (state === 'paused' || state === 'opening') countConnections(server, -1);
      state = 'stopped';
      further?.close();
      return closeListener(server);
    },
  };
}

/** Stops listening. Unlike `close` of an HTTP server, it leaves idle connections open. Resolves when the last one is closed. */
export function closeListener(server: Server): Promise<void> {
  return new Promise((resolve) => void NetServer.prototype.close.call(server, () => resolve()));
}

/** The open connections of a server. */
export interface Connections {
  readonly sockets: OpenSockets;
  /** Whether the server has reached its limit. */
  readonly full: () => boolean;
  /** Registers a listener for the end of every connection. All of them share one listener per socket. */
  readonly onClosed: OnClosed;
}

const reason = 'connections';

/**
 * Counts connections. At the limit, the worker stops accepting until a sixteenth of them is free: further clients wait in
 * the accept queue or go to another worker.
 */
export function trackConnections(
  server: Server,
  {accepting, max, pausable}: {readonly accepting: Accepting; readonly max: number; readonly pausable: boolean},
): Connections {
  const sockets = socketList();
  const resumeAt = max - Math.ceil(max / 16);
  // Closing a worker's own socket (reuseport) would lose its accept queue: there, Node closes excess connections.
  if (!pausable) server.maxConnections = max;
  let paused = false;
  const listeners: ((socket: Socket) => void)[] = [];
  // One function for all sockets, and `on` instead of `once`: a closure and a wrapper for each socket would cost more than
  // the rest of this function.
  function closed(this: Socket): void {
    sockets.delete(this);
    for (const listener of listeners) listener(this);
    if (!paused || sockets.size > resumeAt) return;
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
    full: () => sockets.size >= max,
    onClosed: (listener) => void listeners.push(listener),
  };
}
