import type {IncomingMessage, Server} from 'node:http';
import type {Socket} from 'node:net';
import {parseBehindUpgrade} from '../process/node-internals.ts';
import {afterResponses} from './response-end.ts';
import type {StagedClose} from './staged-close.ts';
import type {Examine} from './strictness.ts';

// Upgrade: h2c is obsolete (RFC 9113 section 3.1), but Java's HttpClient sends it with the first request of each
// connection; no listener for websockets knows it. TLS within a connection (RFC 2817) is as rare as it is unknown.
const neverUpgraded = /^\s*(?:h2c|HTTP\/|TLS\/)/i;

/**
 * Ignores upgrades that nothing can serve, as RFC 9110 section 7.8 allows: the request is answered as an ordinary one,
 * within the same limits. A request with a body is one of them: the body would have to be read first. CONNECT without a
 * listener is answered with 501; node:http would close the connection without a response.
 */
export function handleUpgrades(server: Server, examine: Examine, closing: Pick<StagedClose, 'end'>): void {
  // Node 24.9 and later, declared in newer types only.
  const own = server as unknown as {shouldUpgradeCallback?: (request: IncomingMessage) => boolean};
  const listens = own.shouldUpgradeCallback ?? ((): boolean => server.listenerCount('upgrade') > 0);
  own.shouldUpgradeCallback = (request) => {
    const isUpgraded =
      !neverUpgraded.test(request.headers.upgrade ?? '') &&
      examine(request) === 0 &&
      (request.headers.host !== undefined || request.httpVersion !== '1.1') &&
      listens.call(server, request);
    if (!isUpgraded) parseBehindUpgrade(request);
    return isUpgraded;
  };
  server.on('connect', (_, socket) => {
    if (server.listenerCount('connect') > 1) return;
    // node:http no longer listens for errors of this connection, and a reset must not end the worker.
    socket.on('error', () => {});
    // Not into the middle of a response to a request before it.
    afterResponses(socket as Socket, () =>
      closing.end(socket, 'HTTP/1.1 501 Not Implemented\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'),
    );
  });
}
