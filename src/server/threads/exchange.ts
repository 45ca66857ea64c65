import type {IncomingMessage, ServerResponse} from 'node:http';
import type {Duplex} from 'node:stream';
import {type FromThread, ownBytes, type ResponseHead, type ToThread, window} from './messages.ts';

type ResponsePart = FromThread & {readonly type: 'response'};

/** The event loop's end of a request that a thread serves. */
export interface Exchange {
  /** The thread has taken the request: sends it the body. */
  readonly begun: (send: (message: ToThread) => void) => void;
  readonly respond: (message: ResponsePart, send: (message: ToThread) => void) => void;
  readonly information: (head: ResponseHead) => void;
  /** Number of bytes of the body that the service has read. */
  readonly taken: (bytes: number) => void;
  /** The service destroyed the connection. */
  readonly broken: () => void;
  /** The thread has ended. */
  readonly failed: () => void;
}

/** Bytes of a response are acknowledged in batches of this size. */
const batchBytes = window / 4;

/** An HTTP request and its response: the event loop frames both anew, so that node:http handles keep-alive, HEAD and limits. */
export function httpExchange(id: number, request: IncomingMessage, response: ServerResponse): Exchange {
  const chunked = request.headers['transfer-encoding'] !== undefined;
  const pace = pacer(request);
  const acknowledge = acknowledger(id);
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
    respond: ({head, chunks, end}, send) => {
      if (response.destroyed) return;
      if (head !== undefined)
        response.writeHead(head.status, head.reason, end ? withLength(head, chunks, request.method) : head.headers);
      const last = end ? chunks.length - 1 : -1;
      for (const [index, chunk] of chunks.entries()) {
        if (index === last) response.end(chunk);
        else acknowledge(response.write(chunk), chunk.length, response, send);
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

/** An upgraded connection: bytes pass unchanged in both directions. */
export function rawExchange(id: number, socket: Duplex, first: Buffer): Exchange {
  const pace = pacer(socket);
  const acknowledge = acknowledger(id);
  // A reset by the client must not end the worker; the event `close` informs the thread.
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
    respond: ({chunks, end}, send) => {
      if (socket.destroyed) return;
      for (const chunk of chunks) acknowledge(socket.write(chunk), chunk.length, socket, send);
      if (end) socket.end();
    },
    information: () => {},
    taken: pace.taken,
    broken: () => void socket.destroy(),
    failed: () => void socket.destroy(),
  };
}

/** Pauses the source while the service has not read what the thread already has. */
function pacer(source: {pause(): unknown; resume(): unknown}): {
  sent: (bytes: number) => void;
  taken: (bytes: number) => void;
} {
  let inTransit = 0;
  return {
    sent: (bytes) => {
      inTransit += bytes;
      if (inTransit >= window) source.pause();
    },
    taken: (bytes) => {
      const full = inTransit >= window;
      inTransit -= bytes;
      if (full && inTransit < window) source.resume();
    },
  };
}

/** Acknowledges to the thread the bytes that were passed to the client, in batches; after a full buffer, when it drains. */
function acknowledger(
  id: number,
): (
  flowing: boolean,
  bytes: number,
  sink: {once(event: 'drain', callback: () => void): unknown},
  send: (message: ToThread) => void,
) => void {
  let sum = 0;
  let waiting = false;
  return (flowing, bytes, sink, send) => {
    sum += bytes;
    const flush = (): void => {
      waiting = false;
      send({type: 'taken', id, bytes: sum});
      sum = 0;
    };
    if (waiting) return;
    if (!flowing) {
      waiting = true;
      sink.once('drain', flush);
    } else if (sum >= batchBytes) flush();
  };
}

/** Adds Content-Length to a response that is complete at once, as node:http does. */
function withLength(
  {status, headers}: ResponseHead,
  chunks: readonly Uint8Array[],
  method: string | undefined,
): string[] {
  const bodyless = method === 'HEAD' || status === 204 || status === 304;
  if (bodyless || headers.some((name, index) => index % 2 === 0 && name.toLowerCase() === 'content-length'))
    return headers;
  return [...headers, 'Content-Length', String(chunks.reduce((sum, {length}) => sum + length, 0))];
}

function trailerLines(raw: readonly string[]): string {
  return raw.map((text, index) => (index % 2 === 0 ? `${text}: ` : `${text}\r\n`)).join('');
}
