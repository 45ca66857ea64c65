import {type Server, STATUS_CODES} from 'node:http';
import type {Socket} from 'node:net';
import {bytesReceived, currentResponse} from '../process/node-internals.ts';
import {afterResponses} from '../requests/response-end.ts';

/** Sends the last bytes of a connection, and closes it in stages. */
export type EndConnection = (socket: Socket, last: string) => void;

/**
 * Answers what Node's parser rejects, as Node does without a listener for `clientError`, but closes in stages and counts
 * it. A listener of the service replaces the answer.
 *
 * A request before it on the same connection gets its own response first: Node would send the error in its place.
 * @param refused called for each rejected message, with the status of the response
 */
export function answerClientErrors(
  server: Server,
  refused: (socket: Socket, status: number) => void,
  end: EndConnection,
): void {
  const seen = new WeakSet<Socket>();
  server.on('clientError', (error: NodeJS.ErrnoException, stream) => {
    const socket = stream as Socket;
    // The parser fails again for each further packet.
    if (seen.has(socket)) return;
    seen.add(socket);
    const status = statusOf(error.code);
    // Bytes after a last request are ignored; its response closes the connection.
    if (error.code === 'HPE_CLOSED_CONNECTION' && currentResponse(socket) !== undefined) return;
    // A connection that never sent a byte, such as one that a browser opens in advance, is not a request.
    const counts = status !== undefined && bytesReceived(socket) > 0;
    if (server.listenerCount('clientError') > 1) {
      if (counts) refused(socket, status);
    } else if (status === undefined) socket.destroy();
    else
      afterResponses(socket, () => {
        if (counts) refused(socket, status);
        end(socket, rawResponse(status));
      });
  });
}

/** The status for an error of node:http; undefined for an error of the connection or of TLS, which has no response. */
function statusOf(code: string | undefined): number | undefined {
  if (code === 'HPE_HEADER_OVERFLOW') return 431;
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') return 413;
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 408;
  return code?.startsWith('HPE_') === true ? 400 : undefined;
}

function rawResponse(status: number): string {
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
}
