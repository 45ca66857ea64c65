import {readFileSync} from 'node:fs';
import net from 'node:net';
import type {QueueState} from '../process/messages.ts';
import {setBacklog} from '../process/node-internals.ts';

const connectMilliseconds = 20;

/** The connections in the accept queue of a port. */
export interface QueuedConnections {
  /** Whether our own connection is among them. */
  readonly own: boolean;
  /** Connections of clients. */
  readonly others: number;
  /** Handshakes under way: such a client may believe that it is connected already. */
  readonly halfOpen: number;
}

/**
 * Stops accepting and fills the accept queue: with one connection of our own in it and a backlog of 0, the kernel answers
 * no further client. The order matters: with a small backlog the kernel sends SYN cookies, whose handshakes are
 * invisible. If no client waits then, the socket can be closed without resetting any; only our own connection is reset.
 * Otherwise our own is closed, and the clients that wait are to be accepted.
 */
export async function fillQueue(server: net.Server): Promise<QueueState> {
  const {address, port} = server.address() as net.AddressInfo;
  const own = net.connect({port, host: {'0.0.0.0': '127.0.0.1', '::': '::1'}[address] ?? address});
  const connected = new Promise<void>((resolve) => {
    own.once('connect', resolve);
    own.on('error', () => resolve());
    setTimeout(resolve, connectMilliseconds);
  });
  // By then Node has called connect(2). The loop has not turned, so no connection was accepted meanwhile.
  await new Promise<void>((resolve) => process.nextTick(resolve));
  setBacklog(server, 0);
  server.close();
  await connected;
  const state = stateOf(queuedConnections(port, own.localPort, socketTable()));
  if (state !== 'empty') own.destroy();
  return state;
}

function stateOf({own, others, halfOpen}: QueuedConnections): QueueState {
  if (others > 0 || !own) return 'taken';
  return halfOpen > 0 ? 'half-open' : 'empty';
}

/** Both address families: a dual-stack socket has its connections in the second. */
function socketTable(): string {
  return ['/proc/net/tcp', '/proc/net/tcp6']
    .map((file) => {
      try {
        return readFileSync(file, 'utf8');
      } catch {
        // The kernel does not have this family.
        return '';
      }
    })
    .join('');
}

/**
 * The accept queue of a port, read from the kernel's table of sockets.
 * @param own local port of our own connection
 * @param table /proc/net/tcp (Documentation/networking/proc_net_tcp.rst): ports and state in hexadecimal, an inode of 0
 * until the connection is accepted. Empty on other systems: then the queue counts as empty.
 */
export function queuedConnections(port: number, own: number | undefined, table: string): QueuedConnections {
  const found = {own: table === '', others: 0, halfOpen: 0};
  for (const [, local = '', remote = '', state = '', inode] of table.matchAll(
    /^ *\d+: [\dA-F]+:([\dA-F]{4}) [\dA-F]+:([\dA-F]{4}) ([\dA-F]{2}) \S+ \S+ \S+ +\d+ +\d+ (\d+)/gm,
  )) {
    if (Number.parseInt(local, 16) !== port) continue;
    if (state === synReceived) found.halfOpen += 1;
    else if (inode !== '0' || !queued.has(state)) continue;
    else if (Number.parseInt(remote, 16) === own) found.own = true;
    else found.others += 1;
  }
  return found;
}

// include/net/tcp_states.h: TCP_SYN_RECV; TCP_ESTABLISHED; TCP_CLOSE_WAIT, whose client has already sent FIN.
const synReceived = '03';
const queued: ReadonlySet<string> = new Set(['01', '08']);
