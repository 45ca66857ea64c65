import {connect} from 'node:net';

/** A connection that collects what it receives, as latin1. */
export interface Client {
  readonly write: (data: Buffer) => void;
  /** Sends FIN; the connection still receives. */
  readonly finish: () => void;
  /** Sends RST. */
  readonly reset: () => void;
  readonly destroy: () => void;
  readonly text: () => string;
  /** How the connection ended: `end` for FIN, else the code of an error; undefined while it is open. */
  readonly closed: () => string | undefined;
  /** Waits until the condition holds, the connection has ended, or the time (Date.now) has come. */
  readonly wait: (holds: () => boolean, deadline: number) => Promise<void>;
}

const nothing = (): void => {};

/** Connects to a port of this machine. Errors are results of `closed`, also that of a connection that is refused. */
export function openClient(port: number): Client {
  let text = '';
  let closed: string | undefined;
  let wake = nothing;
  const socket = connect({host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true});
  socket.setEncoding('latin1').on('data', (more: string) => {
    text += more;
    wake();
  });
  const end = (how: string): void => {
    closed ??= how;
    wake();
  };
  socket.once('end', () => end('end'));
  socket.once('close', () => end('close'));
  socket.on('error', ({code = 'error'}: NodeJS.ErrnoException) => end(code));
  return {
    write: (data) => void socket.write(data),
    finish: () => void socket.end(),
    reset: () => void socket.resetAndDestroy(),
    destroy: () => void socket.destroy(),
    text: () => text,
    closed: () => closed,
    wait: async (holds, deadline) => {
      const over = (): boolean => holds() || closed !== undefined || Date.now() >= deadline;
      while (!over()) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, deadline - Date.now());
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
    },
  };
}
