import type {IncomingHttpHeaders, Server} from 'node:http';
import type {Http2Session, ServerHttp2Stream} from 'node:http2';
import type {Socket} from 'node:net';
import {socketUnderTls} from '../process/node-internals.ts';
import {type OpenSockets, socketList} from '../requests/open-sockets.ts';

/** Whether it serves TLS itself: an https.Server. */
export function isSecure(server: Server): boolean {
  return 'setSecureContext' in server;
}

/**
 * The open connections of a server, each as the socket that node:http reads and writes. For TLS that is another one than
 * that of the event `connection`, from the end of the handshake on.
 */
export function httpSockets(server: Server): OpenSockets {
  const sockets = socketList();
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

/** The open streams of an HTTP/2 server, with the headers of their requests. */
export function http2Streams(server: Server): ReadonlyMap<ServerHttp2Stream, IncomingHttpHeaders> {
  const streams = new Map<ServerHttp2Stream, IncomingHttpHeaders>();
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    streams.set(stream, headers);
    stream.once('close', () => streams.delete(stream));
  });
  return streams;
}

/**
 * The HTTP/2 sessions of a server: that of node:http2 is one for both versions.
 * @returns a function that closes them: each sends GOAWAY (RFC 9113, 6.8) and ends after its last response
 */
export function http2Sessions(server: Server): () => void {
  const sessions = new Set<Http2Session>();
  server.on('session', (session: Http2Session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
  });
  return () => {
    for (const session of sessions) if (!session.closed) session.close();
  };
}
