import {subscribe} from 'node:diagnostics_channel';
import type {IncomingMessage, Server, ServerResponse} from 'node:http';
import type {Socket} from 'node:net';
import type {RequestStats} from '../process/messages.ts';

/** Upper bounds of the latency histogram, in seconds: Prometheus' usual ones, and two below them. */
export const latencyBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

/** In which of them a duration belongs; `latencyBounds.length` for what is longer than all. */
export function latencyBucket(milliseconds: number): number {
  const seconds = milliseconds / 1000;
  let bucket = 0;
  while (bucket < latencyBounds.length && seconds > (latencyBounds[bucket] as number)) bucket += 1;
  return bucket;
}

/** Is told of the end of a request; `aborted`: the connection was closed before the answer was out. */
export type Ended = (
  request: IncomingMessage,
  response: ServerResponse,
  milliseconds: number,
  aborted: boolean,
) => void;

export interface Observed {
  readonly snapshot: () => Omit<RequestStats, 'dropped'>;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly socket: Socket;
  readonly server: Server;
}

const started = Symbol('started');
const open = Symbol('open');

type Counted = ServerResponse & {[started]?: number};
/** What a connection waits for: one answer, but for pipelining; null between two requests. */
type Connection = Socket & {[open]?: Exchange | Exchange[] | null};

/**
 * Counts the requests of one server, by node:http's own announcements: nothing is put around the service, and a
 * request costs two function calls. Only the end of a connection is listened to, for what is never answered.
 */
export function observeRequests(server: Server, onClosed: OnClosed, ended?: Ended): Observed {
  const answered = [0, 0, 0, 0, 0];
  const latencies: number[] = Array.from({length: latencyBounds.length + 1}, () => 0);
  let aborted = 0;
  let inFlight = 0;
  let milliseconds = 0;

  const begin = (message: unknown): void => {
    const exchange = message as Exchange;
    if (exchange.server !== server) return;
    const {socket} = exchange as {socket: Connection};
    (exchange.response as Counted)[started] = performance.now();
    inFlight += 1;
    const waiting = socket[open];
    // With https, the connection that closes is another object: the one below.
    if (waiting === undefined && 'encrypted' in socket) socket.on('close', () => lost(socket));
    if (Array.isArray(waiting)) waiting.push(exchange);
    else socket[open] = waiting === undefined || waiting === null ? exchange : [waiting, exchange];
  };
  const finish = (message: unknown): void => {
    const exchange = message as Exchange;
    if (exchange.server !== server) return;
    const connection = exchange.socket as Connection;
    const waiting = connection[open];
    if (waiting === undefined || waiting === null) return;
    if (!Array.isArray(waiting)) {
      if (waiting.response !== exchange.response) return;
      connection[open] = null;
    } else {
      const left = waiting.filter(({response}) => response !== exchange.response);
      if (left.length === waiting.length) return;
      connection[open] = left.length === 0 ? null : left;
    }
    const taken = performance.now() - ((exchange.response as Counted)[started] ?? 0);
    inFlight -= 1;
    milliseconds += taken;
    const bucket = latencyBucket(taken);
    latencies[bucket] = (latencies[bucket] ?? 0) + 1;
    const kind = Math.floor(exchange.response.statusCode / 100) - 1;
    answered[kind] = (answered[kind] ?? 0) + 1;
    ended?.(exchange.request, exchange.response, taken, false);
  };
  const lost = (socket: Connection): void => {
    const waiting = socket[open];
    if (waiting === undefined || waiting === null) return;
    socket[open] = null;
    for (const {request, response} of Array.isArray(waiting) ? waiting : [waiting]) {
      inFlight -= 1;
      aborted += 1;
      ended?.(request, response, performance.now() - ((response as Counted)[started] ?? 0), true);
    }
  };
  onClosed(lost);
  subscribe('http.server.request.start', begin);
  subscribe('http.server.response.finish', finish);
  return {
    snapshot: () => ({
      answered: [...answered],
      aborted,
      inFlight,
      latencies: [...latencies],
      seconds: milliseconds / 1000,
    }),
  };
}

export type OnClosed = (listener: (socket: Socket) => void) => void;
