import type {Socket} from 'node:net';
import {socketAddresses} from './addresses.ts';
import type {PoolThread} from './pool.ts';

/** A client's connection, from the side of the event loop. */
export interface Connection {
  readonly id: number;
  /** @see socketAddresses */
  readonly addresses: string;
  /** The threads that may hold a socket for it: they get to know when it is closed. */
  readonly threads: PoolThread[];
}

type Known = Socket & {[connection]?: Connection};
const connection = Symbol('connection');

/** Returns a function that returns the connection of a socket. */
export function trackedConnections(): (socket: Socket) => Connection {
  let lastId = 0;
  return (socket) => {
    const known = socket as Known;
    if (known[connection] !== undefined) return known[connection];
    lastId = (lastId % 0x3fff_ffff) + 1;
    const own: Connection = {id: lastId, addresses: socketAddresses(socket), threads: []};
    known[connection] = own;
    socket.on('close', closed);
    return own;
  };
}

function closed(this: Known): void {
  const own = this[connection];
  if (own !== undefined) for (const thread of own.threads) thread.send({type: 'closed', connection: own.id});
}
