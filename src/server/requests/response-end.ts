import type {IncomingMessage, ServerResponse} from 'node:http';
import type {Socket} from 'node:net';

const pending = new WeakMap<Socket, Set<() => void>>();

/**
 * Calls `callback` once the response is sent or can never be. The response's own event `close` is not enough: with
 * pipelining, node:http emits none for a response that is queued behind another one when their connection closes.
 */
export function onResponseEnd(
  {socket}: Pick<IncomingMessage, 'socket'>,
  response: ServerResponse,
  callback: () => void,
): void {
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
