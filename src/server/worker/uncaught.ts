import {AsyncLocalStorage} from 'node:async_hooks';
import type {ServerResponse} from 'node:http';
import type {ServerHttp2Stream} from 'node:http2';
import type {Socket} from 'node:net';
import {inspect} from 'node:util';
import {messageOf} from '../../errors.ts';
import type {Log} from '../process/log.ts';
import {currentResponse, handleOf, hasPipelined} from '../process/node-internals.ts';
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
  /** Called for each connection before node:http gets it: its parser, which calls the service, takes over the context. */
  readonly connected: (socket: Socket) => void;
  /** Called for each request. */
  readonly started: (response: ServerResponse) => void;
  /** Called in the handler of an uncaught error: answers 500 to the request of the code that has failed, or cuts its response. */
  readonly fail: (sockets: Iterable<Socket>) => void;
}

/** An error on a connection that has served others can be theirs: the request in progress gets so long to end by itself. */
const doubtMilliseconds = 1000;

/**
 * Follows the code of a service from the connection that caused it, for the class `async`. Not from each request: a context for
 * every one would be garbage on the hot path. A context is the handle of the connection, not the socket: a timer of the service
 * can keep it for ever.
 */
export function followConnections(): FailingRequest {
  const contexts = new AsyncLocalStorage<object>();
  return {
    connected: (socket) => {
      const handle = handleOf(socket);
      if (handle !== undefined) contexts.enterWith(handle);
    },
    started: (response) => {
      // Few services serve HTTP/2 themselves, and one connection has all of a client's requests.
      const stream = streamOf(response);
      if (stream !== undefined) contexts.enterWith(stream);
    },
    fail: (sockets) => {
      const failed = contexts.getStore();
      if (failed === undefined) return;
      if ('sentHeaders' in failed) return cutStream(failed as ServerHttp2Stream, 500);
      for (const socket of sockets) if (handleOf(socket) === failed) endResponse(socket);
    },
  };
}

function endResponse(socket: Socket): void {
  const response = currentResponse(socket);
  if (response === undefined || socket.destroyed) return;
  const cut = (): void => {
    if (currentResponse(socket) === response && !socket.destroyed) cutResponse(socket, response, 500);
  };
  const isOnly = socket.bytesWritten === 0 && !hasPipelined(socket, response);
  if (isOnly) cut();
  else setTimeout(cut, doubtMilliseconds).unref();
}
