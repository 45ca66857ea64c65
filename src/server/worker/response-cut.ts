import {type ServerResponse, STATUS_CODES} from 'node:http';
import type {ServerHttp2Stream} from 'node:http2';
import type {Socket} from 'node:net';
import {currentResponse, sentHead} from '../process/node-internals.ts';
import {answerInstead} from '../requests/response-end.ts';

/** How long a client that still sends its request can read the response: a reset would discard it (RFC 9112, 9.6). */
const lingerMilliseconds = 1000;

/** Ends an event stream; its client reconnects, to another worker. The service gets the response's event `close`. */
export function endEventStream(socket: Socket): void {
  if (socket.writableEnded) return;
  const response = currentResponse(socket);
  if (response !== undefined) answerInstead(response, {status: response.statusCode, bytes: undefined});
  const chunked = response?.chunkedEncoding === true;
  socket.end(chunked ? '0\r\n\r\n' : '', () => socket.destroy());
}

/**
 * Ends a response that the service has not ended, and its connection: with a status if its head is not sent yet, else in
 * the middle. To the service it looks as if the client had disconnected, so what it writes later is discarded silently;
 * a response of its own that was finished here would throw at it.
 */
export function cutResponse(socket: Socket, response: ServerResponse, status: number): void {
  const head = sentHead(response);
  if (head !== '' || socket.writableEnded) {
    // Without a length, a connection that ends in order would look like a complete response (RFC 9112, 6.3). TLS has an
    // end of its own, and a Unix socket has no reset.
    const isOrderly = /^(content-length|transfer-encoding):/im.test(head);
    if (isOrderly || 'encrypted' in socket || socket.remoteAddress === undefined) socket.destroy();
    else socket.resetAndDestroy();
    return;
  }
  const text = `${STATUS_CODES[status]}\n`;
  const body = response.req.method === 'HEAD' ? '' : text;
  answerInstead(response, {status, bytes: body.length});
  const {complete} = response.req;
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: text/plain\r\nContent-Length: ${text.length}\r\n` +
      `Date: ${new Date().toUTCString()}\r\nConnection: close\r\n\r\n${body}`,
    () => {
      if (complete) socket.destroy();
    },
  );
  if (complete) return;
  response.req.push = () => true;
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), lingerMilliseconds);
  socket.once('close', () => clearTimeout(timer));
}

// RFC 9113, 7.
const [noError, internalError] = [0, 2] as const;

/** The stream of a response of HTTP/2. */
export const streamOf = (response: ServerResponse): ServerHttp2Stream | undefined =>
  (response as {readonly stream?: ServerHttp2Stream}).stream;

/** The same for a stream of HTTP/2, whose connection stays. What the service writes later is discarded silently. */
export function cutStream(stream: ServerHttp2Stream, status: number): void {
  if (stream.destroyed || stream.writableEnded) return;
  if (stream.headersSent) return stream.close(internalError);
  const {headRequest} = stream as ServerHttp2Stream & {readonly headRequest: boolean};
  stream.respond({':status': status, 'content-type': 'text/plain'});
  // The rest of the request is not read (RFC 9113, 8.1).
  stream.end(headRequest ? '' : `${STATUS_CODES[status]}\n`, () => stream.close(noError));
  Object.defineProperty(stream, 'headersSent', {value: false});
  Object.assign(stream, {respond: () => {}, write: () => true, end: () => stream});
}
