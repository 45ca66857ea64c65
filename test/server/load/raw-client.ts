import {once} from 'node:events';
import {connect, type Socket} from 'node:net';
import {until} from '../../support/until.ts';

/** A client that sends whatever bytes it likes. */
export interface RawClient {
  readonly socket: Socket;
  /** All that came so far. */
  received(this: void): string;
  /** How the connection ended: `open`, `closed` by the server in order, or the code of the error. */
  state(this: void): string;
  send(this: void, bytes: string | Uint8Array): void;
  /** Waits until that has come; false: it did not, within the milliseconds or before the connection ended. */
  sees(this: void, text: RegExp, milliseconds?: number): Promise<boolean>;
  /** Waits until the server has ended the connection; false: it did not. */
  ends(this: void, milliseconds?: number): Promise<boolean>;
  /** Ends it as a machine does that loses its power: with a reset. */
  reset(this: void): void;
}

export async function rawClient(port: number, bytes?: string | Uint8Array): Promise<RawClient> {
  const socket = connect({host: '127.0.0.1', port, noDelay: true, allowHalfOpen: false});
  let [received, state] = ['', 'open'];
  socket.on('data', (chunk) => (received += chunk.toString('latin1')));
  socket.on('end', () => (state = state === 'open' ? 'closed' : state));
  socket.on(
    'error',
    (error: NodeJS.ErrnoException) => (state = state === 'open' ? (error.code ?? error.message) : state),
  );
  socket.on('close', () => (state = state === 'open' ? 'closed' : state));
  await once(socket, 'connect');
  if (bytes !== undefined) socket.write(bytes);
  return {
    socket,
    received: () => received,
    state: () => state,
    send: (more) => void socket.write(more),
    sees: (text, milliseconds = 3000) => within(milliseconds, () => text.test(received)),
    ends: (milliseconds = 3000) => within(milliseconds, () => state !== 'open'),
    reset: () => void socket.resetAndDestroy(),
  };
}

const within = (milliseconds: number, holds: () => boolean): Promise<boolean> =>
  until('', holds, milliseconds / 1000).then(
    () => true,
    () => false,
  );

/** Lines of a request: each ended as HTTP ends them, and an empty one after them. */
export const head = (...lines: readonly string[]): string => [...lines, '', ''].join('\r\n');

/** The statuses of the answers that came on a connection, in order. */
export const statuses = (received: string): readonly number[] =>
  [...received.matchAll(/HTTP\/1\.[01] (\d{3}) /g)].map(([, status]) => Number(status));

/** A handshake that the busy service accepts. */
export const upgrade = head(
  'GET /socket HTTP/1.1',
  'Host: service',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
);
