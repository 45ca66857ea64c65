import net from 'node:net';
import {type Endpoint, listenOn, type ListenTarget} from '../load/listening.ts';
import {adoptConnection} from '../process/node-internals.ts';

/** Options of node:http for its own connections: a client may half-close, and small writes go out at once. */
export const acceptorOptions: net.ServerOpts = {allowHalfOpen: true, noDelay: true};

/** The listeners of a server's further addresses. */
export interface FurtherListeners {
  /** Listens on all of them. Can be called again after `close`. */
  readonly listen: (target: ListenTarget) => Promise<void>;
  /** Stops listening. The connections stay open. */
  readonly close: () => void;
}

/**
 * Listens on further addresses for a server, since a net.Server has one. Their connections are the server's own: whatever
 * it does with its connections (HTTP, TLS), counts and limits holds for them.
 */
export function furtherListeners(server: net.Server): FurtherListeners {
  const acceptors = new Map<string, net.Server>();
  function acceptorOf({bind}: Endpoint): net.Server {
    const acceptor =
      acceptors.get(bind) ??
      net.createServer(acceptorOptions, (socket) => {
        if (adoptConnection(server, socket)) server.emit('connection', socket);
        else socket.destroy();
      });
    acceptors.set(bind, acceptor);
    return acceptor;
  }
  return {
    listen: async (target) => {
      await Promise.all((target.further ?? []).map((endpoint) => listenOn(acceptorOf(endpoint), endpoint, target)));
    },
    close: () => {
      for (const acceptor of acceptors.values()) acceptor.close();
    },
  };
}
