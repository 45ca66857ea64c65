import {subscribe} from 'node:diagnostics_channel';
import type {IncomingMessage, Server, ServerResponse} from 'node:http';
import type {Socket} from 'node:net';
import type {RequestStats} from '../process/messages.ts';

/** Upper bounds of the latency histogram, in seconds: Prometheus' defaults and two smaller ones. */
export const latencyBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

/** The index of the bucket of a duration; `latencyBounds.length` for one beyond all bounds. */
export function latencyBucket(milliseconds: number): number {
  const seconds = milliseconds / 1000;
  let bucket = 0;
  while (bucket < latencyBounds.length && seconds > (latencyBounds[bucket] as number)) bucket += 1;
  return bucket;
}

/** Called at the end of a request; `aborted`: the connection closed before the response was complete. */
export type OnRequestEnd = (
  request: IncomingMessage,
  response: ServerResponse,
  milliseconds: number,
  aborted: boolean,
) => void;

export interface RequestCounter {
  readonly snapshot: () => Omit<RequestStats, 'dropped'>;
}

/** The message of node:http's diagnostics channels. */
interface HttpEvent {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly socket: Socket;
  readonly server: Server;
}

const started = Symbol('started');
const open = Symbol('open');

type Counted = ServerResponse & {[started]?: number};
/** The open requests of a connection: one, or several with pipelining; null between two requests. */
type Connection = Socket & {[open]?: HttpEvent | HttpEvent[] | null};

/**
 * Counts the requests of one server with node:http's diagnostics channels: nothing wraps the service, and a request costs
 * two function calls. The end of a connection ends the requests that were never answered.
 */
export function countRequests(server: Server, onClosed: OnClosed, onRequestEnd?: OnRequestEnd): RequestCounter {
  const answered = [0, 0, 0, 0, 0];
  const latencies: number[] = Array.from({length: latencyBounds.length + 1}, () => 0);
  let aborted = 0;
  let inFlight = 0;
  let milliseconds = 0;

  const begin = (message: unknown): void => {
    const event = message as HttpEvent;
    if (event.server !== server) return;
    const {socket} = event as {socket: Connection};
    (event.response as Counted)[started] = performance.now();
    inFlight += 1;
    const waiting = socket[open];
    // With TLS, `onClosed` reports the underlying TCP socket, which is another object.
    if (waiting === undefined && 'encrypted' in socket) socket.on('close', () => lost(socket));
    if (Array.isArray(waiting)) waiting.push(event);
    else socket[open] = waiting === undefined || waiting === null ? event : [waiting, event];
  };
  const finish = (message: unknown): void => {
    const event = message as HttpEvent;
    if (event.server !== server) return;
    const connection = event.socket as Connection;
    const waiting = connection[open];
    if (waiting === undefined || waiting === null) return;
    if (!Array.isArray(waiting)) {
      if (waiting.response !== event.response) return;
      connection[open] = null;
    } else {
      const left = waiting.filter(({response}) => response !== event.response);
      if (left.length === waiting.length) return;
      connection[open] = left.length === 0 ? null : left;
    }
    const taken = performance.now() - ((event.response as Counted)[started] ?? 0);
    inFlight -= 1;
    milliseconds += taken;
    const bucket = latencyBucket(taken);
    latencies[bucket] = (latencies[bucket] ?? 0) + 1;
    const kind = Math.floor(event.response.statusCode / 100) - 1;
    answered[kind] = (answered[kind] ?? 0) + 1;
    onRequestEnd?.(event.request, event.response, taken, false);
  };
  const lost = (socket: Connection): void => {
    const waiting = socket[open];
    if (waiting === undefined || waiting === null) return;
    socket[open] = null;
    for (const {request, response} of Array.isArray(waiting) ? waiting : [waiting]) {
      inFlight -= 1;
      aborted += 1;
      onRequestEnd?.(request, response, performance.now() - ((response as Counted)[started] ?? 0), true);
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

/** Registers a listener for the end of every connection. */
export type OnClosed = (listener: (socket: Socket) => void) => void;
