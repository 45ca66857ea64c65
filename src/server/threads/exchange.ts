import type {IncomingMessage, ServerResponse} from 'node:http';
import type {Duplex} from 'node:stream';
import {passBytes, passEnd, passHead, passInformation} from '../process/node-internals.ts';
import {bodyFraming, closingHead, requestHead, trailerLines} from './http-head.ts';
import {type FromThread, passable, type ToThread, window} from './messages.ts';
import {acknowledger, pacer, type Send} from './pace.ts';

type RequestPart = Pick<ToThread & {readonly type: 'request'}, 'text' | 'body'>;
type ResponsePart = FromThread & {readonly type: 'response'};

/** The event loop's end of a request that a thread serves. */
export interface Exchange {
  /** The request as far as it has arrived, to be offered to a thread. */
  readonly offer: () => RequestPart;
  /** The thread has taken the request: sends it the rest of the body. */
  readonly begun: (send: Send) => void;
  readonly respond: (message: ResponsePart, send: Send) => void;
  readonly information: (text: string) => void;
  /** Number of bytes of the body that the service has read. */
  readonly taken: (bytes: number) => void;
  /** The service destroyed the connection. */
  readonly broken: () => void;
  /** The handler or its thread has failed. */
  readonly failed: () => void;
  /** Whether neither side has anything more to send. */
  readonly isOver: () => boolean;
}

/** How long a service can pause reading a body after its response, before the rest is discarded. */
const lateMilliseconds = 5000;

/**
 * An HTTP request and its response, which is sent byte for byte as the service's server wrote it, except that the event
 * loop can have the connection closed.
 */
export function httpExchange(id: number, request: IncomingMessage, response: ServerResponse): Exchange {
  const framing = bodyFraming(request.rawHeaders);
  const acknowledge = acknowledger(id);
  const pace = pacer(request);
  let sent = framing === 'complete';

  /** Reads the rest of the body for nobody, so that the next request of the connection is not behind it. */
  function discard(): void {
    if (sent) return;
    sent = true;
    request.resume();
  }
  function discardLate(send: Send): void {
    let waited = false;
    const timer = setInterval(() => {
      if (waited && pace.waits() && !sent) {
        discard();
        send({type: 'disconnected', id});
      }
      waited = pace.waits();
      if (sent || request.destroyed) clearInterval(timer);
    }, lateMilliseconds);
    timer.unref();
  }
  return {
    offer: () => {
      const text = requestHead(request);
      if (sent || !request.complete || request.readableLength > window) return {text, body: framing};
      let bytes = '';
      for (let chunk = readChunk(request); chunk !== null; chunk = readChunk(request))
        bytes += chunk.toString('latin1');
      discard();
      if (framing === 'length') return {text: text + bytes, body: 'complete'};
      const chunk = bytes === '' ? '' : `${bytes.length.toString(16)}\r\n${bytes}\r\n`;
      return {text: `${text}${chunk}0\r\n${trailerLines(request.rawTrailers)}\r\n`, body: 'complete'};
    },
    begun: (send) => {
      if (sent) return;
      request.on('data', (chunk: Buffer) => {
        if (sent) return;
        pace.sent(chunk.length);
        send({type: 'data', id, bytes: passable(chunk)});
      });
      request.once('end', () => {
        if (sent) return;
        sent = true;
        send({type: 'end', id, trailers: trailerLines(request.rawTrailers)});
      });
    },
    respond: ({head, chunks, encoding, end}, send) => {
      if (response.destroyed || response.writableEnded) return;
      if (head !== undefined && !response.headersSent) {
        // The client, a limit or a drain has decided that it is the last; the thread knows of the client only.
        const isLast = head.last || !response.shouldKeepAlive;
        passHead(response, head.status, response.shouldKeepAlive ? head.text : closingHead(head.text), isLast);
        if (chunks.length === 0 && !end) response.flushHeaders();
      }
      const last = end ? chunks.length - 1 : -1;
      for (const [index, chunk] of chunks.entries())
        if (index !== last) acknowledge(passBytes(response, chunk, encoding), chunk.length, response, send);
      if (!end) return;
      passEnd(response, chunks[last], encoding);
      if (!sent) discardLate(send);
    },
    information: (text) => {
      if (!response.headersSent && !response.destroyed) passInformation(response, text);
    },
    taken: pace.taken,
    // In the next turn, when what was written before is out.
    broken: () => {
      discard();
      setImmediate(() => response.destroy());
    },
    failed: () => {
      discard();
      if (response.headersSent) setImmediate(() => response.destroy());
      else response.writeHead(500, {'content-type': 'text/plain', connection: 'close'}).end('Internal Server Error\n');
    },
    isOver: () => sent && response.writableEnded,
  };
}

/** Node can return one buffered chunk at a time. */
function readChunk(request: IncomingMessage): Buffer | null {
  return request.read() as Buffer | null;
}

/** An upgraded connection: bytes pass unchanged in both directions. */
export function rawExchange(id: number, request: IncomingMessage, socket: Duplex, first: Buffer): Exchange {
  const pace = pacer(socket);
  const acknowledge = acknowledger(id);
  // A reset by the client must not end the worker; the event `close` informs the thread.
  socket.on('error', () => {});
  return {
    // The service gets the bytes behind the head as `head`, as it would from node:http.
    offer: () => ({text: requestHead(request) + first.toString('latin1'), body: 'raw'}),
    begun: (send) => {
      socket.on('data', (chunk: Buffer) => {
        pace.sent(chunk.length);
        send({type: 'data', id, bytes: passable(chunk)});
      });
      socket.once('end', () => send({type: 'end', id, trailers: ''}));
    },
    respond: ({chunks, encoding, end}, send) => {
      if (socket.destroyed || socket.writableEnded) return;
      for (const chunk of chunks) acknowledge(socket.write(chunk, encoding), chunk.length, socket, send);
      if (end) socket.end();
    },
    information: () => {},
    taken: pace.taken,
    broken: () => void setImmediate(() => socket.destroy()),
    failed: () => void socket.destroy(),
    isOver: () => socket.destroyed,
  };
}
