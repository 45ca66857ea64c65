import type {Server} from 'node:http';
import type {Socket} from 'node:net';
import {socketUnderTls} from '../process/node-internals.ts';

/** Whether it serves TLS itself: an https.Server. */
export function isSecure(server: Server): boolean {
  return 'setSecureContext' in server;
}

/**
 * The open connections of a server, each as the socket that node:http reads and writes. For TLS that is another one than
 * that of the event `connection`, from the end of the handshake on.
 */
export function httpSockets(server: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  function add(socket: Socket): void {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  }
  server.on('connection', add);
  if (isSecure(server))
    server.on('secureConnection', (socket: Socket) => {
      const raw = socketUnderTls(socket);
      if (raw !== undefined) sockets.delete(raw);
      add(socket);
    });
  return sockets;
}
