// The request that the running code belongs to, without a change in its handler.
import {AsyncLocalStorage} from 'node:async_hooks';
import {subscribe} from 'node:diagnostics_channel';
import type {EventEmitter} from 'node:events';
import type {IncomingMessage} from 'node:http';
import type {HttpEvent} from '../server/records/http-events.ts';
import {identityOf, isTraceparent} from '../server/records/request-id.ts';

/** What the lines of a request, a message of a queue or a job have in common. */
export interface LogContext {
  /** Default: that of the context around it. */
  readonly request_id?: string | undefined;
  /** A W3C `traceparent` header: `trace_id` and `span_id` are read from it. */
  readonly traceparent?: string | undefined;
  readonly [field: string]: unknown;
}

/** The correlation of a line. */
export interface Correlation {
  readonly request_id: string | undefined;
  readonly trace_id: string | undefined;
  readonly span_id: string | undefined;
  /** Further fields of {@link withContext}. */
  readonly fields: Readonly<Record<string, unknown>> | undefined;
}

interface Store {
  readonly request: IncomingMessage | undefined;
  /** Read at the first line: most requests log none. */
  correlation: Correlation | undefined;
}

const storage = new AsyncLocalStorage<Store>();

/** What is known about the request that the running code belongs to. */
export function correlation(): Correlation | undefined {
  const store = storage.getStore();
  if (store === undefined) return undefined;
  return (store.correlation ??= ofRequest(store.request as IncomingMessage));
}

function ofRequest(request: IncomingMessage): Correlation {
  const {id, parent} = identityOf(request);
  return {request_id: id, ...traceOf(parent), fields: undefined};
}

function traceOf(parent: string | undefined): Pick<Correlation, 'trace_id' | 'span_id'> {
  return {trace_id: parent?.slice(3, 35), span_id: parent?.slice(36, 52)};
}

/**
 * Follows the requests of node:http: every server of this process, whatever handles its requests. The app server has
 * given each its X-Request-Id and `traceparent` by the time a line is logged.
 */
export function followRequests(): void {
  subscribe('http.server.request.start', (message) => {
    const {request, response} = message as HttpEvent;
    const store: Store = {request, correlation: undefined};
    // Node calls the handler in this very call, and restores the context after it.
    storage.enterWith(store);
    // Events of a body or of the end of a connection come from the socket, which serves other requests, too: body parsers
    // of frameworks call the handler there. OpenTelemetry binds both as well.
    bind(request, store);
    bind(response, store);
  });
}

function bind(emitter: EventEmitter, store: Store): void {
  const {emit} = emitter;
  emitter.emit = function bound(this: EventEmitter, ...words: Parameters<EventEmitter['emit']>): boolean {
    return storage.getStore() === store ? emit.apply(this, words) : storage.run(store, () => emit.apply(this, words));
  } as EventEmitter['emit'];
}

/**
 * Runs code whose lines have a request id, a trace or fields in common: for a message of a queue, a job, a websocket, and
 * other work that is no request of node:http, which need no call. Contexts nest.
 * @param context an invalid `traceparent` is ignored, as W3C demands
 * @returns what `body` returns
 * @example
 * queue.consume((message) =>
 *   withContext({request_id: message.id, traceparent: message.headers.traceparent, queue: 'orders'}, () => handle(message)),
 * );
 */
export function withContext<Result>(context: LogContext, body: () => Result): Result {
  const around = correlation();
  const {request_id: id = around?.request_id, traceparent, ...fields} = context;
  const trace = isTraceparent(traceparent) ? traceOf(traceparent) : around;
  const inner: Correlation = {
    request_id: id,
    trace_id: trace?.trace_id,
    span_id: trace?.span_id,
    fields: {...around?.fields, ...fields},
  };
  return storage.run({request: undefined, correlation: inner}, body);
}
