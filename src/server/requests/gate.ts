import type {IncomingMessage, Server, ServerResponse} from 'node:http';
import type {Duplex} from 'node:stream';
import type {Settings} from '../settings/settings.ts';
import {bodyLimit} from './limits.ts';

/** Stands before the service: `proceed` hands the request on. */
export type Gate = (request: IncomingMessage, response: ServerResponse, proceed: Proceed) => void;

/** Hands a request on: a function for all of them, since one for each would cost on the way of every request. */
export type Proceed = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Puts a gate before every listener of the server, also those that come later. The events are looked at where they
 * are emitted: a listener of our own in front could not hold a request back.
 * @param upgraded is told of every connection that becomes something else than HTTP
 */
export function gateRequests(
  server: Server,
  gate: Gate,
  upgraded: (request: IncomingMessage, socket: Duplex) => void,
): void {
  const emit = server.emit as (this: Server, ...words: unknown[]) => boolean;
  const proceed: Proceed = (request, response) => void emit.call(server, 'request', request, response);
  // Those that have passed already, under another event.
  const passed = new WeakSet<IncomingMessage>();
  let asked = false;
  // With a listener for it, Node leaves `100 Continue` to us: a client that asks first is refused before it sends.
  server.on('checkContinue', (request, response) => {
    if (server.listenerCount('checkContinue') > 1) return;
    response.writeContinue();
    server.emit('request', request, response);
  });
  // No rest parameters: they would make an array for every event of every connection.
  server.emit = function gated(this: Server, event: string, first?: unknown, second?: unknown): boolean {
    if (event === 'request') {
      if (asked && passed.has(first as IncomingMessage)) proceed(first as IncomingMessage, second as ServerResponse);
      else gate(first as IncomingMessage, second as ServerResponse, proceed);
      return true;
    }
    if (event === 'connection') return emit.call(this, event, first);
    if (event === 'checkContinue' || event === 'checkExpectation') {
      asked = true;
      passed.add(first as IncomingMessage);
      gate(
        first as IncomingMessage,
        second as ServerResponse,
        (request, response) => void emit.call(this, event, request, response),
      );
      return true;
    }
    if (event === 'upgrade' || event === 'connect') upgraded(first as IncomingMessage, second as Duplex);
    return Reflect.apply(emit, this, arguments) as boolean;
  } as typeof server.emit;
}

export interface GateOptions {
  readonly settings: Pick<Settings, 'readyPath' | 'maxBodySize' | 'maxRequests' | 'maxRequestsJitter'>;
  /** Is the worker about to go? */
  readonly draining: () => boolean;
  /** Has it as many connections as it may have? */
  readonly full: () => boolean;
  /** Called once, at the request that was one too many. */
  readonly worn: () => void;
  /** What the worker class does with a request that may go on. */
  readonly serve: Gate;
}

/** What every request passes before the service sees it. On the hot path of all of them: nothing here looks at headers that are not there. */
export function workerGate({settings, draining, full, worn, serve}: GateOptions): Gate {
  const tooLarge = bodyLimit(settings.maxBodySize);
  const most =
    settings.maxRequests === 0
      ? Infinity
      : settings.maxRequests + Math.floor(Math.random() * (settings.maxRequestsJitter + 1));
  let served = 0;
  return (request, response, proceed) => {
    served += 1;
    if (served === most) worn();
    if (draining() && isProbe(request, settings.readyPath)) return notReady(response);
    // So that room comes.
    if (full()) response.shouldKeepAlive = false;
    if (!tooLarge(request, response)) serve(request, response, proceed);
  };
}

function isProbe({url = '', method}: IncomingMessage, path: string): boolean {
  return path !== '' && (method === 'GET' || method === 'HEAD') && (url === path || url.startsWith(`${path}?`));
}

function notReady(response: ServerResponse): void {
  response
    .writeHead(503, {'content-type': 'application/json', 'cache-control': 'no-store'})
    .end('{"status":"draining"}\n');
}
