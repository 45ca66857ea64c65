import type {IncomingMessage, ServerResponse} from 'node:http';
import type {Socket} from 'node:net';

const waiting = new WeakMap<Socket, Set<() => void>>();

/**
 * Calls once when an answer is out, or can never be. The response's own event is not enough: node:http has none for an
 * answer that waits behind another one (pipelining) when their connection closes.
 */
export function whenAnswerIsOver(
  {socket}: Pick<IncomingMessage, 'socket'>,
  response: ServerResponse,
  call: () => void,
): void {
  const known = waiting.get(socket);
  const calls = known ?? new Set();
  // One listener for a connection: a client may pipeline more requests than Node takes listeners for.
  if (known === undefined) {
    waiting.set(socket, calls);
    socket.once('close', () => {
      for (const one of calls) one();
    });
  }
  const over = (): void => {
    if (calls.delete(over)) call();
  };
  calls.add(over);
  response.once('close', over);
}

/** Can nobody get this answer any more? */
export const isAnswerLost = ({socket}: Pick<IncomingMessage, 'socket'>, response: ServerResponse): boolean =>
  response.destroyed || socket.destroyed;
