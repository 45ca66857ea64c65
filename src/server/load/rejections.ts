import type {IncomingMessage, Server, ServerResponse} from 'node:http';
import type {Duplex} from 'node:stream';
import {captureRejections} from '../process/node-internals.ts';
import {failRequest, logFailure} from '../requests/failure.ts';

const requestEvents: ReadonlySet<unknown> = new Set(['request', 'checkContinue', 'checkExpectation']);
const rejection = Symbol.for('nodejs.rejection');

/**
 * Makes an error that a listener of a server throws, or that its promise rejects with, cost that request alone: for servers
 * whose listeners are not ours. Node's own way for rejections (`captureRejections`) costs nothing for a request that does
 * not fail. Put on before the gate, which replaces `emit` as well.
 */
export function catchFailures(server: Server): void {
  captureRejections(server);
  const emit = server.emit as (this: Server, ...words: unknown[]) => boolean;
  const reject = Reflect.get(server, rejection) as ((...words: unknown[]) => void) | undefined;
  Object.defineProperty(server, rejection, {
    configurable: true,
    value(this: Server, error: unknown, event: unknown, ...words: unknown[]) {
      if (!fail(error, event, words[0], words[1])) reject?.call(this, error, event, ...words);
    },
  });
  server.emit = function caught(this: Server, event: string, first?: unknown, second?: unknown): boolean {
    if (event !== 'request' && event !== 'checkContinue' && event !== 'upgrade')
      return Reflect.apply(emit, this, arguments) as boolean;
    try {
      return arguments.length > 3
        ? (Reflect.apply(emit, this, arguments) as boolean)
        : emit.call(this, event, first, second);
    } catch (error) {
      fail(error, event, first, second);
      return true;
    }
  } as typeof server.emit;
}

/** Returns whether the event is one of a single request. */
function fail(error: unknown, event: unknown, first: unknown, second: unknown): boolean {
  const request = first as IncomingMessage;
  if (requestEvents.has(event)) failRequest(error, request, second as ServerResponse);
  else if (event === 'upgrade' || event === 'connect') {
    logFailure(error, request);
    (second as Duplex).destroy();
  } else return false;
  return true;
}
