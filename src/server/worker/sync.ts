import type {IncomingMessage, Server, ServerResponse} from 'node:http';
import {readNow} from '../process/node-internals.ts';
import type {Gate, Proceed} from '../requests/gate.ts';
import {lastResponse} from '../requests/last-response.ts';
import {isResponseLost, onResponseEnd} from '../requests/response-end.ts';
import type {Accepting} from './connections.ts';

const reason = 'busy';

/** A handler that runs longer leaves new connections to other workers. For a shorter one, pausing would cost more. */
const pauseAfterMilliseconds = 5;

/**
 * The worker class `sync`: one request at a time, for handlers that compute and for code that must not interleave. Like
 * gunicorn's, it closes the connection after each response, so that an idle worker takes the next request; requests that
 * were accepted too early wait here.
 * @param started called for each request whose turn it is
 */
export function oneAtATime(
  accepting: Pick<Accepting, 'pause' | 'resume'>,
  started: (response: ServerResponse) => void = () => {},
): Gate {
  const waiting: {readonly request: IncomingMessage; readonly response: ServerResponse; readonly proceed: Proceed}[] =
    [];
  let busy = false;
  let timer: NodeJS.Timeout | undefined;
  function start(request: IncomingMessage, response: ServerResponse, proceed: Proceed): void {
    busy = true;
    started(response);
    onResponseEnd(request, response, next);
    timer = setTimeout(() => accepting.pause(reason), pauseAfterMilliseconds);
    proceed(request, response);
  }
  function next(): void {
    clearTimeout(timer);
    busy = false;
    // Clients that disconnected while they waited are skipped.
    while (waiting[0] !== undefined && isResponseLost(waiting[0].request, waiting[0].response)) waiting.shift();
    const first = waiting.shift();
    if (first === undefined) accepting.resume(reason);
    else start(first.request, first.response, first.proceed);
  }
  return (request, response, proceed) => {
    if (isResponseLost(request, response)) return;
    lastResponse(response, request.socket);
    if (busy) waiting.push({request, response, proceed});
    else start(request, response, proceed);
  };
}

/**
 * Reads and serves a connection in the turn of the loop that accepts it. Otherwise Node would accept the next one first,
 * which would wait here behind a handler that computes while another worker is idle. Not with TLS, whose handshake comes
 * first.
 */
export function readAtOnce(server: Server): void {
  if ('setSecureContext' in server) return;
  server.on('connection', (socket) => {
    const data = readNow(socket);
    if (data !== undefined) socket.emit('data', data);
  });
}
