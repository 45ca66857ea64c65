import type {IncomingMessage, Server, ServerResponse} from 'node:http';
import type {Socket} from 'node:net';
import type {Settings} from '../settings/settings.ts';

/** Interval of Node's check for slow requests. With its default of 30 s, a limit of 10 s would act after up to 40. */
const checkMilliseconds = 1000;

/** How long a rejected client can continue to send: a reset would discard the response before the client reads it. */
const lingerMilliseconds = 2000;

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
 * Rejects a body of more than `bytes` with 413: at once if its length is declared, else as soon as it exceeds the limit.
 * @param bytes 0: no limit
 * @returns a function that returns whether it responded to the request itself
 */
export function bodyLimit(bytes: number): (request: IncomingMessage, response: ServerResponse) => boolean {
  if (bytes === 0) return () => false;
  return (request, response) => {
    const length = bodyLength(request.rawHeaders);
    if (length === 0) return false;
    if (length > bytes) {
      reject(request, response);
      return true;
    }
    if (length === -1) countBody(request, response, bytes);
    return false;
  };
}

/** Length of the body in bytes, 0 without a body, -1 if not declared. Cheaper than `request.headers`, which builds an object. */
function bodyLength(raw: readonly string[]): number {
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] as string;
    if (name.length === 14 && name.toLowerCase() === 'content-length') return Number(raw[index + 1]);
    if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') return -1;
  }
  return 0;
}

function countBody(request: IncomingMessage, response: ServerResponse, bytes: number): void {
  const {push} = request;
  let seen = 0;
  // The parser passes the body on through `push`, however the service reads it.
  request.push = (chunk: Buffer | null, encoding?: BufferEncoding): boolean => {
    seen += chunk?.length ?? 0;
    if (seen <= bytes) return Reflect.apply(push, request, [chunk, encoding]) as boolean;
    if (chunk !== null && seen - chunk.length <= bytes) reject(request, response);
    return true;
  };
}

/** Responds with 413, discards further bytes for a while, then closes the connection. */
function reject(request: IncomingMessage, response: ServerResponse): void {
  const socket = request.socket;
  // Too late for another status.
  if (response.headersSent) return void socket.destroy();
  linger(socket);
  response.writeHead(413, {'content-type': 'text/plain', connection: 'close'}).end('Content Too Large\n');
  // A service that reads the body gets an error when the connection closes, as with a client that disconnects.
  request.push = () => true;
  socket.once('close', () => request.destroy(Object.assign(new Error('aborted'), {code: 'ECONNRESET'})));
}

function linger(socket: Socket): void {
  // node:http calls this after the last response of a connection.
  socket.destroySoon = () => {
    socket.end();
    const timer = setTimeout(() => socket.destroy(), lingerMilliseconds);
    socket.once('close', () => clearTimeout(timer));
  };
}
