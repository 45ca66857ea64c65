import type {IncomingMessage, RequestListener, ServerResponse} from 'node:http';
import {failRequest} from '../../requests/failure.ts';
import {clientAddress} from '../../requests/forwarded.ts';
import {socketOf} from '../../requests/response-end.ts';
import {replaceGlobals} from './globals.ts';
import {incomingRequest} from './request.ts';
import {isResponse, sendResponse} from './send.ts';
import {validOrigin} from './target.ts';

/** The address of a client, as Deno's handlers get it. */
export interface RemoteAddress {
  readonly transport: 'tcp';
  readonly hostname: string;
  readonly port: number;
}

/** The second argument of a fetch handler: `env` for hono, `info` for Deno. */
export class RequestInfo {
  /** node:http's request and response. The names are those of @hono/node-server's bindings. */
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;

  constructor(incoming: IncomingMessage, outgoing: ServerResponse) {
    this.incoming = incoming;
    this.outgoing = outgoing;
  }

  /** The client's, also behind a trusted proxy, which does not forward the port: 0. */
  get remoteAddr(): RemoteAddress {
    const socket = socketOf(this.incoming, this.outgoing);
    const {remoteAddress = '', remotePort = 0} = socket ?? {};
    const hostname = clientAddress(this.incoming, socket);
    return {transport: 'tcp', hostname, port: hostname === remoteAddress ? remotePort : 0};
  }
}

export type FetchHandler = (request: Request, info: RequestInfo) => unknown;

/** Makes a fetch handler a listener of node:http. It replaces the globals `Request`, `Response` and `fetch`. */
export function fetchListener(handler: FetchHandler): RequestListener {
  replaceGlobals();
  return (incoming, outgoing) => {
    const origin = validOrigin(incoming);
    if (origin === undefined) return refuse(outgoing, 400, 'Bad Request\n');
    // Fetch has no requests with this method (RFC 9110, 9.1: 501 for one that is not implemented).
    if (incoming.method === 'TRACE') return refuse(outgoing, 501, 'Not Implemented\n');
    // RFC 9112, 6.1: closed after the response, which has a length here, so that Node would keep the connection.
    if (incoming.httpVersionMinor === 0 && incoming.headers['transfer-encoding'] !== undefined)
      outgoing.shouldKeepAlive = false;
    let result: unknown;
    try {
      result = handler(incomingRequest(incoming, outgoing, origin), new RequestInfo(incoming, outgoing));
    } catch (error) {
      return failRequest(error, incoming, outgoing);
    }
    if (isResponse(result) || !isThenable(result)) return sendResponse(result, incoming, outgoing);
    result.then(
      (value) => sendResponse(value, incoming, outgoing),
      (error: unknown) => failRequest(error, incoming, outgoing),
    );
  };
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as {then?: unknown}).then === 'function';
}

/** Closes the connection, as node:http does after a 400 of its own. */
function refuse(outgoing: ServerResponse, status: number, text: string): void {
  outgoing.shouldKeepAlive = false;
  outgoing.writeHead(status, ['content-type', 'text/plain', 'content-length', String(text.length)]).end(text);
}
