import type {IncomingMessage, Server, ServerResponse} from 'node:http';
import {readNow} from '../process/node-internals.ts';
import {isAnswerLost, whenAnswerIsOver} from '../requests/answer-over.ts';
import type {Gate, Proceed} from '../requests/gate.ts';
import type {Accepting} from './connections.ts';

const reason = 'busy';

/** A handler that runs longer leaves new connections to other workers. Below, telling the arbiter would cost more. */
const patienceMilliseconds = 5;

/**
 * The worker class `sync`: one request at a time, for handlers that compute and for code that is not safe to
 * interleave. Each answer closes its connection, as gunicorn's does, so that whichever worker is idle takes the next
 * request; what was accepted too early waits here.
 */
export function oneAtATime(accepting: Pick<Accepting, 'pause' | 'resume'>): Gate {
  const waiting: {readonly request: IncomingMessage; readonly response: ServerResponse; readonly proceed: Proceed}[] =
    [];
  let busy = false;
  let timer: NodeJS.Timeout | undefined;
  function start(request: IncomingMessage, response: ServerResponse, proceed: Proceed): void {
    busy = true;
    whenAnswerIsOver(request, response, next);
    timer = setTimeout(() => accepting.pause(reason), patienceMilliseconds);
    proceed(request, response);
  }
  function next(): void {
    clearTimeout(timer);
    busy = false;
    // Whoever went away while waiting is not served.
    while (waiting[0] !== undefined && isAnswerLost(waiting[0].request, waiting[0].response)) waiting.shift();
    const first = waiting.shift();
    if (first === undefined) accepting.resume(reason);
    else start(first.request, first.response, first.proceed);
  }
  return (request, response, proceed) => {
    if (isAnswerLost(request, response)) return;
    response.shouldKeepAlive = false;
    if (busy) waiting.push({request, response, proceed});
    else start(request, response, proceed);
  };
}

/**
 * A connection that is accepted is read and served in the same turn of the loop. Node accepts the next one first, which
 * would then wait here for a handler that computes, while another worker is idle.
 */
export function readAtOnce(server: Server): void {
  server.on('connection', (socket) => {
    const data = readNow(socket);
    if (data !== undefined) socket.emit('data', data);
  });
}
