import type {IncomingMessage, Server, ServerResponse} from 'node:http';
import type {Duplex} from 'node:stream';

/** Stands before the service: `proceed` hands the request on. */
export type Gate = (request: IncomingMessage, response: ServerResponse, proceed: () => void) => void;

/**
 * Puts a gate before every listener of the server, also those that come later. The events are looked at where they
 * are emitted: a listener of our own in front could not hold a request back.
 * @param upgraded is told of every connection that becomes something else than HTTP
 */
export function gateRequests(server: Server, gate: Gate, upgraded: (request: IncomingMessage, socket: Duplex) => void): void {
  const emit = server.emit;
  // With a listener for it, Node leaves `100 Continue` to us: a client that asks first is refused before it sends.
  const passed = new WeakSet<IncomingMessage>();
  server.on('checkContinue', (request, response) => {
    if (server.listenerCount('checkContinue') > 1) return;
    response.writeContinue();
    server.emit('request', request, response);
  });
  server.emit = function gated(this: Server, ...words: [string, ...unknown[]]): boolean {
    const [event, request, second] = words;
    if (event === 'request' && !passed.has(request as IncomingMessage)) {
      gate(request as IncomingMessage, second as ServerResponse, () => void Reflect.apply(emit, this, words));
      return true;
    }
    if (event === 'checkContinue' || event === 'checkExpectation') {
      passed.add(request as IncomingMessage);
      gate(request as IncomingMessage, second as ServerResponse, () => void Reflect.apply(emit, this, words));
      return true;
    }
    if (event === 'upgrade' || event === 'connect') upgraded(request as IncomingMessage, second as Duplex);
    return Reflect.apply(emit, this, words) as boolean;
  } as typeof emit;
}
