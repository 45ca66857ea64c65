import type {IncomingMessage, Server, ServerResponse} from 'node:http';
import type {Socket} from 'node:net';
import type {Settings} from '../settings/settings.ts';

/** How often Node looks for requests that are too slow; its own 30 s would make a limit of 10 s one of 40. */
const checkMilliseconds = 1000;

/** For so long a client that was refused may go on sending: a reset would take the answer away from it. */
const lingerMilliseconds = 2000;

/** Limits of Node's own, set before the server listens. The operator's word goes before the service's. */
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
 * Refuses a body that is too large with 413: at once where its length is told, else when so much has come.
 * @returns a function that says whether it answered the request itself
 */
export function bodyLimit(bytes: number): (request: IncomingMessage, response: ServerResponse) => boolean {
  if (bytes === 0) return () => false;
  return (request, response) => {
    const told = bodyLength(request.rawHeaders);
    if (told === 0) return false;
    if (told > bytes) {
      refuse(request, response);
      return true;
    }
    if (told === -1) countBody(request, response, bytes);
    return false;
  };
}

/** Bytes of the body, 0 for none, -1 where they are not told. Cheaper than `request.headers`, which makes an object. */
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
  // Where the parser hands the body over: the stream's own way, whoever reads it.
  request.push = (chunk: Buffer | null, encoding?: BufferEncoding): boolean => {
    seen += chunk?.length ?? 0;
    if (seen <= bytes) return Reflect.apply(push, request, [chunk, encoding]) as boolean;
    if (chunk !== null && seen - chunk.length <= bytes) refuse(request, response);
    return true;
  };
}

/** Answers 413 and closes the connection, after a moment in which what still comes is thrown away. */
function refuse(request: IncomingMessage, response: ServerResponse): void {
  const socket = request.socket;
  // The service's own answer, if one is under way already, cannot be changed any more.
  if (response.headersSent) return void socket.destroy();
  linger(socket);
  response.writeHead(413, {'content-type': 'text/plain', connection: 'close'}).end('Content Too Large\n');
  // What still comes is thrown away. A service that waits for it learns in the end, as when a client goes away.
  request.push = () => true;
  socket.once('close', () => request.destroy(Object.assign(new Error('aborted'), {code: 'ECONNRESET'})));
}

function linger(socket: Socket): void {
  // What node:http calls when the last answer of a connection is out.
  socket.destroySoon = () => {
    socket.end();
    const timer = setTimeout(() => socket.destroy(), lingerMilliseconds);
    socket.once('close', () => clearTimeout(timer));
  };
}
