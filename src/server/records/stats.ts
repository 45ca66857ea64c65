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

const open = Symbol('open');

/** A request of a connection that is not answered yet. */
interface Open {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Milliseconds of `performance.now()`. */
  readonly since: number;
}

/** The open requests of a connection. One object for all of them: most clients send the next request after the answer. */
interface Requests {
  /** The oldest; undefined between two requests. */
  request: IncomingMessage | undefined;
  response: ServerResponse | undefined;
  since: number;
  /** Those that the client has pipelined behind it. */
  behind: Open[] | undefined;
}

type Connection = Socket & {[open]?: Requests};

/** Removes the oldest request of a connection; the next one takes its place. */
function shift(requests: Requests): void {
  const next = requests.behind?.shift();
  requests.request = next?.request;
  requests.response = next?.response;
  if (next !== undefined) requests.since = next.since;
}

/** The open requests of a connection, in their order. */
function openOf(socket: Connection): readonly Open[] {
  const {request, response, since = 0, behind = []} = socket[open] ?? {};
  return request === undefined || response === undefined ? [] : [{request, response, since}, ...behind];
}

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

  const begin = ({request, response, socket}: HttpEvent): void => {
    const since = performance.now();
    inFlight += 1;
    const requests = (socket as Connection)[open] ?? prepare(socket);
    if (requests.response !== undefined) (requests.behind ??= []).push({request, response, since});
    else {
      requests.request = request;
      requests.response = response;
      requests.since = since;
    }
  };
  // Once per connection.
  const prepare = (socket: Connection): Requests => {
    // The log needs it at the end of the connection, too.
    if (onRequestEnd !== undefined) peerAddress(socket);
    // With TLS, `onClosed` reports the underlying TCP socket, which is another object.
    if ('encrypted' in socket) socket.on('close', () => lost(socket));
    return (socket[open] = {request: undefined, response: undefined, since: 0, behind: undefined});
  };
  const count = (status: number, taken: number): void => {
    milliseconds += taken;
    const bucket = latencyBucket(taken);
    latencies[bucket] = (latencies[bucket] ?? 0) + 1;
    const kind = Math.floor(status / 100) - 1;
    answered[kind] = (answered[kind] ?? 0) + 1;
  };
  /** Removes a request from the open ones of its connection. Returns when it began; undefined if it was not one. */
  const close = (socket: Connection, response: ServerResponse): number | undefined => {
    const requests = socket[open];
    if (requests === undefined) return undefined;
    const {since, behind = []} = requests;
    if (requests.response === response) {
      shift(requests);
      inFlight -= 1;
      return since;
    }
    const index = behind.findIndex((one) => one.response === response);
    if (index === -1) return undefined;
    inFlight -= 1;
    return behind.splice(index, 1)[0]?.since;
  };
  const end = ({request, response, socket}: Omit<HttpEvent, 'server'>, status: number, bytes?: number): void => {
    const since = close(socket, response);
    if (since === undefined) return;
    const taken = performance.now() - since;
    count(status, taken);
    onRequestEnd?.({socket, request, response, status, milliseconds: taken, bytes});
  };
  const lost = guarded((socket: Connection): void => {
    const left = openOf(socket);
    if (left.length === 0) return;
    socket[open] = {request: undefined, response: undefined, since: 0, behind: undefined};
    for (const {request, response, since} of left) {
      inFlight -= 1;
      const taken = performance.now() - since;
      const {status = abortedStatus, bytes} = insteadOf(response) ?? {};
      if (status === abortedStatus) aborted += 1;
      else count(status, taken);
      onRequestEnd?.({socket, request, response, status, milliseconds: taken, bytes});
    }
  });
  const refused = (socket: Connection, status: number): void => {
    const last = openOf(socket).at(-1);
    // The error was in the body of a request: that is what the response answers.
    if (last !== undefined && !last.request.complete) return end({...last, socket}, status, 0);
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
