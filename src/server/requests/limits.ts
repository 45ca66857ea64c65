import type {IncomingMessage, Server, ServerResponse} from 'node:http';
import type {Socket} from 'node:net';
import type {Settings} from '../settings/settings.ts';
import {lastResponse} from './last-response.ts';
import {dropForbiddenTrailers} from './strictness.ts';

/** Interval of Node's check for slow requests. With its default of 30 s, a limit of 10 s would act after up to 40. */
const checkMilliseconds = 1000;

/** Sets Node's own limits, before the server listens. The operator's settings override the service's. */
export function limitServer(
  server: Server,
  {
    headersTimeout,
    requestTimeout,
    keepAlive,
    maxHeaderSize,
  }: Pick<Settings, 'headersTimeout' | 'requestTimeout' | 'keepAlive' | 'maxHeaderSize'>,
): void {
  server.headersTimeout = headersTimeout * 1000;
  server.requestTimeout = requestTimeout * 1000;
  server.keepAliveTimeout = keepAlive * 1000;
  Object.assign(server, {maxHeaderSize, connectionsCheckingInterval: checkMilliseconds});
}

/**
 * Rejects a body of more than `maxBodySize` bytes (0: no limit) with 413: at once if its length is declared, else as soon as
 * it exceeds the limit. With `strictHttp`, drops trailers that must not be.
 * @returns a function that returns whether it responded to the request itself. `length` is that of the body, -1 for a
 * chunked one; `socket` is that of the request when it arrived, since Node sets `request.socket` to null once the service has
 * destroyed the body
 */
export function bodyLimit({
  maxBodySize: bytes,
  strictHttp,
}: Pick<Settings, 'maxBodySize' | 'strictHttp'>): (
  request: IncomingMessage,
  response: ServerResponse,
  length: number,
  socket: Socket,
) => boolean {
  const limit = bytes === 0 ? Infinity : bytes;
  return (request, response, length, socket) => {
    if (length > limit) {
      reject(request, response, socket);
      return true;
    }
    if (length === -1) countBody(request, response, limit, strictHttp, socket);
    return false;
  };
}

function countBody(
  request: IncomingMessage,
  response: ServerResponse,
  bytes: number,
  strict: boolean,
  socket: Socket,
): void {
  const {push} = request;
  let seen = 0;
  // The parser passes the body on through `push`, however the service reads it.
  request.push = (chunk: Buffer | null, encoding?: BufferEncoding): boolean => {
    if (strict && chunk === null) dropForbiddenTrailers(request);
    seen += chunk?.length ?? 0;
    if (seen <= bytes) return Reflect.apply(push, request, [chunk, encoding]) as boolean;
    if (chunk !== null && seen - chunk.length <= bytes) reject(request, response, socket);
    return true;
  };
}

/** Responds with 413 and closes the connection, after it has discarded what the client still sends. */
function reject(request: IncomingMessage, response: ServerResponse, socket: Socket): void {
  // Too late for another status.
  if (response.headersSent) return void socket.destroy();
  lastResponse(response, socket);
  response.writeHead(413, {'content-type': 'text/plain'}).end('Content Too Large\n');
  // A service that reads the body gets an error when the connection closes, as with a client that disconnects.
  request.push = () => true;
  socket.once('close', () => request.destroy(Object.assign(new Error('aborted'), {code: 'ECONNRESET'})));
}
