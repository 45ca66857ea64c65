import type {IncomingMessage} from 'node:http';
import type {Socket} from 'node:net';
import type {Duplex} from 'node:stream';
import {onFirstWrite} from '../process/node-internals.ts';

// RFC 6455, 5.5.1 and 7.4.1: a close frame with status 1001, "going away".
const goingAway = Buffer.from([0x88, 0x02, 0x03, 0xe9]);

/** The websockets of a worker. */
export interface Websockets {
  /** Called for every connection that a request asks to upgrade, before the service is. */
  readonly upgraded: (request: IncomingMessage, socket: Duplex) => void;
  /** Sends a close frame to each that has had none, as soon as its handshake is over. */
  readonly sendGoingAway: () => void;
}

/**
 * Keeps the websockets. A service can take its time to accept one, and a frame must not come before its 101: the first
 * write decides whether it is a websocket at all, or was refused.
 */
export function trackWebsockets(): Websockets {
  const open = new Set<Socket>();
  const sent = new WeakSet<Socket>();
  function accepted(socket: Socket): void {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  }
  return {
    upgraded: (request, socket) => {
      if (request.headers.upgrade?.toLowerCase() !== 'websocket') return;
      onFirstWrite(socket, (chunk) => {
        if (isSwitching(chunk)) accepted(socket as Socket);
      });
    },
    sendGoingAway: () => {
      for (const socket of open) {
        if (sent.has(socket) || socket.writableEnded) continue;
        sent.add(socket);
        socket.write(goingAway);
      }
    },
  };
}

function isSwitching(chunk: unknown): boolean {
  const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk as Uint8Array).toString('latin1', 0, 12);
  return text.startsWith('HTTP/1.1 101');
}
