import type {IncomingMessage, Server, ServerResponse} from 'node:http';
import type {Socket} from 'node:net';
import type {Duplex} from 'node:stream';
import type {RequestStats} from '../process/messages.ts';
import {peerAddress} from '../requests/forwarded.ts';
import {insteadOf} from '../requests/response-end.ts';
import {guarded, type HttpEvent, onRequestStart, onResponseFinish} from './http-events.ts';
import {onUpgradeAnswer, type UpgradeAnswer} from './upgrade-answer.ts';

/** Upper bounds of the latency histogram, in seconds: Prometheus' defaults and two smaller ones. */
export const latencyBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

/** The index of the bucket of a duration; `latencyBounds.length` for one beyond all bounds. */
export function latencyBucket(milliseconds: number): number {
  const seconds = milliseconds / 1000;
  let bucket = 0;
  while (bucket < latencyBounds.length && seconds > (latencyBounds[bucket] as number)) bucket += 1;
  return bucket;
}

/** nginx's status for a request whose connection closed before the response was complete. */
export const abortedStatus = 499;

/** A request that has ended. */
export interface EndedRequest {
  readonly socket: Socket;
  /** Undefined for bytes that Node's parser rejected before they were a request. */
  readonly request: IncomingMessage | undefined;
  /** Undefined without a request, and for an upgrade: there is no such object. */
  readonly response: ServerResponse | undefined;
  /** `abortedStatus` if it was not answered completely. */
  readonly status: number;
  readonly milliseconds: number;
  /** Length of the response body as sent; undefined: what the response and the connection say. */
  readonly bytes: number | undefined;
}

/** Called at the end of a request, and of a connection that was upgraded. */
export type OnRequestEnd = (ended: EndedRequest) => void;

export interface RequestCounter {
  readonly snapshot: () => Omit<RequestStats, 'dropped'>;
  /** Counts a message that Node's parser rejected. */
  readonly refused: (socket: Socket, status: number) => void;
  /** Counts an upgrade: its answer when the service writes it, its line in the log when the connection ends. */
  readonly upgraded: (request: IncomingMessage, stream: Duplex) => void;
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
  let websockets = 0;
  let milliseconds = 0;

  const begin = (event: HttpEvent): void => {
    const {socket} = event as {socket: Connection};
    (event.response as Counted)[started] = performance.now();
    inFlight += 1;
    const waiting = socket[open];
    if (waiting === undefined) prepare(socket);
    if (Array.isArray(waiting)) waiting.push(event);
    else socket[open] = waiting === undefined || waiting === null ? event : [waiting, event];
  };
  // Once per connection.
  const prepare = (socket: Connection): void => {
    // The log needs it at the end of the connection, too.
    if (onRequestEnd !== undefined) peerAddress(socket);
    // With TLS, `onClosed` reports the underlying TCP socket, which is another object.
    if ('encrypted' in socket) socket.on('close', () => lost(socket));
  };
  const count = (status: number, taken: number): void => {
    milliseconds += taken;
    const bucket = latencyBucket(taken);
    latencies[bucket] = (latencies[bucket] ?? 0) + 1;
    const kind = Math.floor(status / 100) - 1;
    answered[kind] = (answered[kind] ?? 0) + 1;
  };
  /** Removes a request from the open ones of its connection. Returns whether it was one. */
  const close = (socket: Connection, response: ServerResponse): boolean => {
    const waiting = socket[open];
    if (waiting === undefined || waiting === null) return false;
    if (!Array.isArray(waiting)) {
      if (waiting.response !== response) return false;
      socket[open] = null;
    } else {
      const left = waiting.filter((other) => other.response !== response);
      if (left.length === waiting.length) return false;
      socket[open] = left.length === 0 ? null : left;
    }
    inFlight -= 1;
    return true;
  };
  const end = ({request, response, socket}: Omit<HttpEvent, 'server'>, status: number, bytes?: number): void => {
    if (!close(socket, response)) return;
    const taken = performance.now() - ((response as Counted)[started] ?? 0);
    count(status, taken);
    onRequestEnd?.({socket, request, response, status, milliseconds: taken, bytes});
  };
  const lost = guarded((socket: Connection): void => {
    const waiting = socket[open];
    if (waiting === undefined || waiting === null) return;
    socket[open] = null;
    for (const {request, response} of Array.isArray(waiting) ? waiting : [waiting]) {
      inFlight -= 1;
      const taken = performance.now() - ((response as Counted)[started] ?? 0);
      const {status = abortedStatus, bytes} = insteadOf(response) ?? {};
      if (status === abortedStatus) aborted += 1;
      else count(status, taken);
      onRequestEnd?.({socket, request, response, status, milliseconds: taken, bytes});
    }
  });
  const refused = (socket: Connection, status: number): void => {
    const waiting = socket[open];
    const last = Array.isArray(waiting) ? waiting.at(-1) : waiting;
    // The error was in the body of a request: that is what the response answers.
    if (last !== undefined && last !== null && !last.request.complete) return end(last, status, 0);
    count(status, 0);
    onRequestEnd?.({socket, request: undefined, response: undefined, status, milliseconds: 0, bytes: 0});
  };
  const upgraded = (request: IncomingMessage, stream: Duplex): void => {
    const {socket} = request;
    const before = socket.bytesWritten;
    const from = performance.now();
    let answer: UpgradeAnswer | undefined;
    if (onRequestEnd !== undefined) peerAddress(socket);
    inFlight += 1;
    onUpgradeAnswer(stream, (given) => {
      answer = given;
      inFlight -= 1;
      count(answer.status, performance.now() - from);
      if (answer.status === 101) websockets += 1;
    });
    socket.once(
      'close',
      guarded(() => {
        if (answer === undefined) {
          inFlight -= 1;
          aborted += 1;
        } else if (answer.status === 101) websockets -= 1;
        const bytes = Math.max(0, socket.bytesWritten - before - (answer?.headBytes ?? 0));
        const status = answer?.status ?? abortedStatus;
        const taken = performance.now() - from;
        onRequestEnd?.({socket, request, response: undefined, status, milliseconds: taken, bytes});
      }),
    );
  };
  onClosed(lost);
  onRequestStart(server, begin);
  onResponseFinish(server, (event) => end(event, event.response.statusCode));
  return {
    snapshot: () => ({
      answered: [...answered],
      aborted,
      inFlight,
      websockets,
      latencies: [...latencies],
      seconds: milliseconds / 1000,
    }),
    refused,
    upgraded,
  };
}

/** Registers a listener for the end of every connection. */
export type OnClosed = (listener: (socket: Socket) => void) => void;
