import type {IncomingMessage, ServerResponse} from 'node:http';
import type {Socket} from 'node:net';
import {currentResponse} from '../process/node-internals.ts';

/**
 * The connection of a request, also after Node has set `request.socket` to null, as it does when a service stops reading a
 * body (`break`, a pipeline that fails, `body.cancel()`). Null once the response is sent as well.
 */
export const socketOf = (request: IncomingMessage, response: ServerResponse): Socket | null =>
  (request.socket as Socket | null) ?? response.socket;

/** A response that the server has written, or ended, in place of the service, whose own never finishes. */
export interface InsteadAnswer {
  readonly status: number;
  /** Length of the body in bytes; undefined: what the connection has sent. */
  readonly bytes: number | undefined;
}

const insteads = new WeakMap<ServerResponse, InsteadAnswer>();

/** Records that the server has answered in place of the service. */
export const answerInstead = (response: ServerResponse, answer: InsteadAnswer): void =>
  void insteads.set(response, answer);

/** What `answerInstead` has recorded. */
export const insteadOf = (response: ServerResponse): InsteadAnswer | undefined => insteads.get(response);

const pending = new WeakMap<Socket, Set<() => void>>();

/**
 * Calls `callback` once the response is sent or can never be. The response's own event `close` is not enough: with
 * pipelining, node:http emits none for a response that is queued behind another one when their connection closes.
 */
export function onResponseEnd(request: IncomingMessage, response: ServerResponse, callback: () => void): void {
  const socket = socketOf(request, response);
  if (socket === null) return void response.once('close', callback);
  const known = pending.get(socket);
  const callbacks = known ?? new Set();
  // One listener a connection: a client can pipeline more requests than an emitter accepts listeners without a warning.
  if (known === undefined) {
    pending.set(socket, callbacks);
    socket.once('close', () => {
      for (const each of callbacks) each();
    });
  }
  const end = (): void => {
    if (callbacks.delete(end)) callback();
  };
  callbacks.add(end);
  response.once('close', end);
}

/** Whether the client has disconnected before the response. */
export const isResponseLost = ({socket}: Pick<IncomingMessage, 'socket'>, response: ServerResponse): boolean =>
  response.destroyed || socket.destroyed;

/** Calls `respond` once the complete requests of a connection have their responses; never, if the connection ends before. */
export function afterResponses(socket: Socket, respond: () => void): void {
  if (socket.destroyed || socket.writableEnded) return;
  const response = currentResponse(socket);
  if (response === undefined) respond();
  else if (response.req.complete) response.once('close', () => afterResponses(socket, respond));
  // The error is in its body.
  else if (response.headersSent) socket.destroy();
  else respond();
}
