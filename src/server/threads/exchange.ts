import type {IncomingMessage, ServerResponse} from 'node:http';
import type {Duplex} from 'node:stream';
import {type FromThread, type Head, ownBytes, type ToThread, window} from './messages.ts';

type Answer = FromThread & {readonly type: 'answer'};

/** The loop's end of a request that a thread serves. */
export interface Exchange {
  /** The thread has taken it: the body may go. */
  readonly begun: (send: (message: ToThread) => void) => void;
  readonly answer: (message: Answer, send: (message: ToThread) => void) => void;
  readonly information: (head: Head) => void;
  /** The thread has taken so many bytes of the body. */
  readonly taken: (bytes: number) => void;
  /** The service destroyed the connection. */
  readonly broken: () => void;
  /** The thread is gone. */
  readonly failed: () => void;
}

/** Bytes of an answer are told of when so many are on their way, not one by one. */
const tellBytes = window / 4;

/** A request and its answer: the loop frames both anew, so that keep-alive, HEAD and limits are node:http's business. */
export function httpExchange(id: number, request: IncomingMessage, response: ServerResponse): Exchange {
  const chunked = request.headers['transfer-encoding'] !== undefined;
  const pace = pacer(request);
  const told = teller(id);
  return {
    begun: (send) => {
      request.on('data', (chunk: Buffer) => {
        if (response.writableEnded) return;
        if (chunked) send({type: 'data', id, bytes: Buffer.from(`${chunk.length.toString(16)}\r\n`)});
        pace.sent(chunk.length);
        send({type: 'data', id, bytes: ownBytes(chunk)});
        if (chunked) send({type: 'data', id, bytes: Buffer.from('\r\n')});
      });
      if (chunked)
        request.once('end', () =>
          send({type: 'data', id, bytes: Buffer.from(`0\r\n${trailerLines(request.rawTrailers)}\r\n`)}),
        );
    },
    answer: ({head, chunks, end}, send) => {
      if (response.destroyed) return;
      if (head !== undefined)
        response.writeHead(head.status, head.reason, end ? withLength(head, chunks, request.method) : head.headers);
      const last = end ? chunks.length - 1 : -1;
      for (const [index, chunk] of chunks.entries()) {
        if (index === last) response.end(chunk);
        else told(response.write(chunk), chunk.length, response, send);
      }
      if (end && last === -1) response.end();
    },
    information: ({status, headers}) => {
      if (status !== 103 || response.headersSent) return;
      const hints = headers.flatMap((name, index) =>
        index % 2 === 0 && name.toLowerCase() === 'link' ? [headers[index + 1] ?? ''] : [],
      );
      if (hints.length > 0) response.writeEarlyHints({link: hints});
    },
    taken: pace.taken,
    broken: () => void response.destroy(),
    failed: () => {
      if (response.headersSent) response.destroy();
      else response.writeHead(500, {'content-type': 'text/plain', connection: 'close'}).end('Internal Server Error\n');
    },
  };
}

/** A connection that becomes something else than HTTP: bytes go both ways as they are. */
export function rawExchange(id: number, socket: Duplex, first: Buffer): Exchange {
  const pace = pacer(socket);
  const told = teller(id);
  // A client that resets the connection is no reason for the worker to end; the thread learns it by the event `close`.
  socket.on('error', () => {});
  return {
    begun: (send) => {
      if (first.length > 0) send({type: 'data', id, bytes: ownBytes(first)});
      socket.on('data', (chunk: Buffer) => {
        pace.sent(chunk.length);
        send({type: 'data', id, bytes: ownBytes(chunk)});
      });
      socket.once('end', () => send({type: 'data', id, bytes: undefined}));
    },
    answer: ({chunks, end}, send) => {
      if (socket.destroyed) return;
      for (const chunk of chunks) told(socket.write(chunk), chunk.length, socket, send);
      if (end) socket.end();
    },
    information: () => {},
    taken: pace.taken,
    broken: () => void socket.destroy(),
    failed: () => void socket.destroy(),
  };
}

/** Stops reading while a thread has more bytes before it than it can take. */
function pacer(source: {pause(): unknown; resume(): unknown}): {
  sent: (bytes: number) => void;
  taken: (bytes: number) => void;
} {
  let onTheWay = 0;
  return {
    sent: (bytes) => {
      onTheWay += bytes;
      if (onTheWay >= window) source.pause();
    },
    taken: (bytes) => {
      const full = onTheWay >= window;
      onTheWay -= bytes;
      if (full && onTheWay < window) source.resume();
    },
  };
}

/** Tells the thread of bytes that have gone to the client, in large sums; at once only when it may be waiting. */
function teller(
  id: number,
): (
  flowing: boolean,
  bytes: number,
  sink: {once(event: 'drain', call: () => void): unknown},
  send: (message: ToThread) => void,
) => void {
  let sum = 0;
  let waiting = false;
  return (flowing, bytes, sink, send) => {
    sum += bytes;
    const tell = (): void => {
      waiting = false;
      send({type: 'taken', id, bytes: sum});
      sum = 0;
    };
    if (waiting) return;
    if (!flowing) {
      waiting = true;
      sink.once('drain', tell);
    } else if (sum >= tellBytes) tell();
  };
}

/** A whole answer is sent with its length, as node:http does when it is ended in one piece. */
function withLength({status, headers}: Head, chunks: readonly Uint8Array[], method: string | undefined): string[] {
  const bodyless = method === 'HEAD' || status === 204 || status === 304;
  if (bodyless || headers.some((name, index) => index % 2 === 0 && name.toLowerCase() === 'content-length'))
    return headers;
  return [...headers, 'Content-Length', String(chunks.reduce((sum, {length}) => sum + length, 0))];
}

function trailerLines(raw: readonly string[]): string {
  return raw.map((text, index) => (index % 2 === 0 ? `${text}: ` : `${text}\r\n`)).join('');
}
