import type {IncomingMessage, Server, ServerResponse} from 'node:http';
import type {Socket} from 'node:net';
import type {Duplex} from 'node:stream';
import type {Settings} from '../settings/settings.ts';
import {isBehindClose, lastResponse, unchunked} from './last-response.ts';
import {bodyLimit} from './limits.ts';
import type {StagedClose} from './staged-close.ts';
import {type Examine, type Refusal, refusalOf} from './strictness.ts';

/** Runs before the service; `proceed` passes the request on. */
export type Gate = (request: IncomingMessage, response: ServerResponse, proceed: Proceed) => void;

/** Passes a request on. One function for all requests: a closure for each would cost on the hot path. */
export type Proceed = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Puts a gate before every listener of the server, including those added later. It replaces `emit`: a listener of our own
 * in front could not hold a request back.
 * @param upgraded called for every connection that is upgraded from HTTP
 */
export function gateRequests(
  server: Server,
  gate: Gate,
  closing: Pick<StagedClose, 'connection' | 'discards'>,
  upgraded: (request: IncomingMessage, socket: Duplex) => void,
): void {
  const emit = server.emit as (this: Server, ...words: unknown[]) => boolean;
  const proceed: Proceed = (request, response) => void emit.call(server, 'request', request, response);
  // Requests that have passed the gate already, as another event.
  const passed = new WeakSet<IncomingMessage>();
  let expects = false;
  // With a listener, Node leaves `100 Continue` to us: a client that asks first is rejected before it sends the body.
  server.on('checkContinue', (request, response) => {
    if (server.listenerCount('checkContinue') > 1) return;
    response.writeContinue();
    server.emit('request', request, response);
  });
  // No rest parameters: they would allocate an array for every event of every connection.
  server.emit = function gated(this: Server, event: string, first?: unknown, second?: unknown): boolean {
    if (event === 'request') {
      if (expects && passed.has(first as IncomingMessage)) proceed(first as IncomingMessage, second as ServerResponse);
      else gate(first as IncomingMessage, second as ServerResponse, proceed);
      return true;
    }
    if (event === 'connection' || event === 'secureConnection') {
      closing.connection(first as Socket);
      return emit.call(this, event, first);
    }
    if (event === 'checkContinue' || event === 'checkExpectation') {
      expects = true;
      passed.add(first as IncomingMessage);
      gate(
        first as IncomingMessage,
        second as ServerResponse,
        (request, response) => void emit.call(this, event, request, response),
      );
      return true;
    }
    if (event === 'clientError' && closing.discards(first as NodeJS.ErrnoException, second as Socket)) return true;
    if (event === 'upgrade' || event === 'connect') upgraded(first as IncomingMessage, second as Duplex);
    return Reflect.apply(emit, this, arguments) as boolean;
  } as typeof server.emit;
}

export interface GateOptions {
  readonly settings: Pick<
    Settings,
    'readyPath' | 'maxBodySize' | 'maxRequests' | 'maxRequestsJitter' | 'strictHttp' | 'strictContentLength'
  >;
  readonly examine: Examine;
  /** Called when a response is complete before the body of its request. */
  readonly unread: (socket: Socket) => void;
  /** Whether the worker is draining. */
  readonly draining: () => boolean;
  /** Whether it has reached its connection limit. */
  readonly full: () => boolean;
  /** Called once, at the request that reaches max-requests. */
  readonly recycle: () => void;
  /** How the worker class handles a request that passes. */
  readonly serve: Gate;
}

/** Every request passes it before the service. On the hot path: nothing here builds the headers object. */
export function workerGate({settings, examine, unread, draining, full, recycle, serve}: GateOptions): Gate {
  const tooLarge = bodyLimit(settings);
  const limit =
    settings.maxRequests === 0
      ? Infinity
      : settings.maxRequests + Math.floor(Math.random() * (settings.maxRequestsJitter + 1));
  const {strictContentLength} = settings;
  let served = 0;
  // One function for all responses.
  function finished(this: ServerResponse): void {
    const {socket, complete} = this.req;
    if (!complete && socket !== null) unread(socket);
  }
  return (request, response, proceed) => {
    const {socket} = request;
    const isStream = isHttp2(request);
    if (!isStream && isBehindClose(socket, response)) return void request.resume();
    served += 1;
    if (served === limit) recycle();
    if (isStream) return serve(request, response, proceed);
    // The client closes, the service limits the requests of a connection, or this frees one.
    if (!response.shouldKeepAlive || reachesLimit(response) || full()) lastResponse(response, socket);
    if (request.httpVersion === '1.0') unchunked(response);
    if (strictContentLength) response.strictContentLength = true;
    if (draining() && isProbe(request, settings.readyPath)) return notReady(response);
    const length = examine(request);
    if (length !== 0) {
      const refusal = refusalOf(length);
      if (refusal !== undefined) return refuse(response, socket, refusal);
      // RFC 9112 section 6.1: a coding that the version does not know is faulty framing.
      if (length === -1 && request.httpVersion === '1.0') lastResponse(response, socket);
      response.on('finish', finished);
      if (tooLarge(request, response, length, socket)) return;
    }
    serve(request, response, proceed);
  };
}

/** Whether it is a stream of the service's own HTTP/2 server, which has no connection for itself and is framed already. */
function isHttp2(request: IncomingMessage): boolean {
  return request.httpVersionMajor > 1 && 'stream' in request;
}

/** Whether it is the last that `maxRequestsPerSocket` of the service allows: Node announces the close, but leaves it to the client. */
function reachesLimit(response: ServerResponse & {readonly maxRequestsOnConnectionReached?: boolean}): boolean {
  return response.maxRequestsOnConnectionReached === true;
}

function refuse(response: ServerResponse, socket: Socket, {status, reason}: Refusal): void {
  lastResponse(response, socket);
  response.writeHead(status, {'content-type': 'text/plain'}).end(`${reason}\n`);
}

function isProbe({url = '', method}: IncomingMessage, path: string): boolean {
  return path !== '' && (method === 'GET' || method === 'HEAD') && (url === path || url.startsWith(`${path}?`));
}

function notReady(response: ServerResponse): void {
  response
    .writeHead(503, {'content-type': 'application/json', 'cache-control': 'no-store'})
    .end('{"status":"draining"}\n');
}
