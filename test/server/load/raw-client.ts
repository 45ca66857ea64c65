import {once} from 'node:events';
import {connect, type Socket} from 'node:net';
import {until} from '../../support/until.ts';

/** A client that sends arbitrary bytes. */
export interface RawClient {
  readonly socket: Socket;
  /** All bytes received so far, as latin1. */
  received(this: void): string;
  /** `open`, `closed` by the server with FIN, or the code of the error. */
  state(this: void): string;
  send(this: void, bytes: string | Uint8Array): void;
  /** Waits until the received bytes match. False if they do not within the time, 3 s by default. */
  sees(this: void, text: RegExp, milliseconds?: number): Promise<boolean>;
  /** Waits until the server has ended the connection. False if it does not within the time, 3 s by default. */
  ends(this: void, milliseconds?: number): Promise<boolean>;
  /** Ends the connection with a reset. */
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

/** The head of a request: its lines and the empty line, each with CRLF. */
export const head = (...lines: readonly string[]): string => [...lines, '', ''].join('\r\n');

/** The statuses of all responses on a connection, in order. */
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
