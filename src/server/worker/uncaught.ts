import {AsyncLocalStorage} from 'node:async_hooks';
import type {IncomingMessage, Server, ServerResponse} from 'node:http';
import type {ServerHttp2Stream} from 'node:http2';
import type {Socket} from 'node:net';
import {inspect} from 'node:util';
import {messageOf} from '../../errors.ts';
import type {Log} from '../process/log.ts';
import {currentResponse} from '../process/node-internals.ts';
import {cutResponse, cutStream, streamOf} from './response-cut.ts';

/** Errors that are logged; a timer that throws each time would fill the log. */
const maxLogged = 10;
const maxCauses = 5;

export interface UncaughtOptions {
  readonly log: Log;
  /** Whether the service is still loading: then an error is the reason why it does not boot. */
  readonly isBooting: () => boolean;
  readonly bootFailed: (error: unknown) => void;
  /** Called for the first error of a service that serves. The process must exit soon: its state is unknown. */
  readonly first: () => void;
  /** Called for each of them. */
  readonly each: () => void;
}

/**
 * Handles uncaught exceptions, and with them unhandled rejections as Node's flag `--unhandled-rejections` says. A service
 * that listens to `uncaughtException` handles its own. `uncaughtExceptionMonitor` and `unhandledRejection` are untouched.
 */
export function handleUncaught({log, isBooting, bootFailed, first, each}: UncaughtOptions): void {
  let count = 0;
  process.on('uncaughtException', (error: unknown, origin: string) => {
    if (process.listenerCount('uncaughtException') > 1) return;
    if (isBooting()) return bootFailed(error);
    count += 1;
    if (count <= maxLogged) log('error', 'uncaught_exception', {origin, ...errorFields(error), ...fixOf(count)});
    // --report-uncaught-exception: Node itself writes it only if nothing listens.
    if (process.report.reportOnUncaughtException && error instanceof Error) process.report.writeReport(error);
    each();
    if (count === 1) first();
  });
}

function fixOf(count: number): {readonly fix?: string} {
  if (count > 1) return {};
  return {fix: 'handle the error: this worker finishes its other requests, then exits and is replaced'};
}

function errorFields(error: unknown): Readonly<Record<string, unknown>> {
  if (!(error instanceof Error)) return {message: `thrown: ${inspect(error)}`};
  return {message: messageOf(error), stack: stackOf(error, maxCauses)};
}

function stackOf({stack, message, cause}: Error, causes: number): string {
  const own = stack ?? message;
  return cause instanceof Error && causes > 0 ? `${own}\ncaused by ${stackOf(cause, causes - 1)}` : own;
}

/** Ends the request to which an uncaught error belongs: it would never be answered. */
export interface FailingRequest {
  /** Called for each request. */
  readonly started: (request: IncomingMessage, response: ServerResponse) => void;
  /** Called in the handler of an uncaught error: answers 500 to the request of the code that has failed, or cuts its response. */
  readonly fail: (sockets: Iterable<Socket>) => void;
}

const connection = Symbol('number of the connection');
const requests = Symbol('number of requests');

type Numbered = Socket & {[connection]?: number; [requests]?: number};

/** An error on a connection that has served others can be theirs: the request in progress gets so long to end by itself. */
const doubtMilliseconds = 1000;

/**
 * Follows the code of a service from the connection that caused it, for the class `async`. Not from each request: a context for
 * every one would be garbage on the hot path. The context holds a number, since a timer of the service can keep it for ever.
 */
export function followConnections(server: Server): FailingRequest {
  const contexts = new AsyncLocalStorage<number | ServerHttp2Stream>();
  let last = 0;
  // Before node:http's own listener: its parser, which calls the service, takes over the context.
  for (const event of ['connection', 'secureConnection'] as const)
    server.prependListener(event, (socket: Numbered) => {
      last += 1;
      socket[connection] = last;
      contexts.enterWith(last);
    });

  return {
    started: (request, response) => {
      const stream = streamOf(response);
      // Few services serve HTTP/2 themselves, and one connection has all of a client's requests.
      if (stream !== undefined) return contexts.enterWith(stream);
      const {socket} = request as {socket: Numbered};
      socket[requests] = (socket[requests] ?? 0) + 1;
    },
    fail: (sockets) => {
      const failed = contexts.getStore();
      if (typeof failed === 'object') cutStream(failed, 500);
      if (typeof failed !== 'number') return;
      for (const socket of sockets) if ((socket as Numbered)[connection] === failed) endResponse(socket);
    },
  };
}

function endResponse(socket: Numbered): void {
  const response = currentResponse(socket);
  if (response === undefined || socket.destroyed) return;
  const cut = (): void => {
    if (currentResponse(socket) === response && !socket.destroyed) cutResponse(socket, response, 500);
  };
  if (socket[requests] === 1) cut();
  else setTimeout(cut, doubtMilliseconds).unref();
}
