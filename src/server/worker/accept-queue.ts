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
 * @param bind the address of the server as it was given
 */
export async function fillQueue(server: net.Server, bind = ''): Promise<QueueState> {
  const listener = server.address() as net.AddressInfo;
  const own = net.connect({port: listener.port, host: connectAddress(listener.address, bind)});
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
  const state = stateOf(queuedConnections(listener, own.localPort, socketTable(listener)));
  if (state !== 'empty') own.destroy();
  return state;
}

/** An address at which a listener can be reached from here: a link-local one only with its zone. */
function connectAddress(address: string, bind: string): string {
  const zone = /^\[([^\]]*%[^\]]*)\]/.exec(bind)?.[1];
  return zone ?? {'0.0.0.0': '127.0.0.1', '::': '::1'}[address] ?? address;
}

function stateOf({own, others, halfOpen}: QueuedConnections): QueueState {
  if (others > 0 || !own) return 'taken';
  return halfOpen > 0 ? 'half-open' : 'empty';
}

/** The table of the listener's own family: a dual-stack socket has its IPv4 connections in that of IPv6, too. */
function socketTable({address}: Pick<net.AddressInfo, 'address'>): string {
  try {
    return readFileSync(address.includes(':') ? '/proc/net/tcp6' : '/proc/net/tcp', 'utf8');
  } catch {
    // Not Linux.
    return '';
  }
}

/**
 * The accept queue of a listener, read from the kernel's table of sockets. Other listeners can have the same port at other
 * addresses: at those, our own connection is not.
 * @param own local port of our own connection
 * @param table /proc/net/tcp or tcp6 (Documentation/networking/proc_net_tcp.rst): ports and state in hexadecimal, an inode
 * of 0 until the connection is accepted. Empty on other systems: then the queue counts as empty.
 */
export function queuedConnections(
  {address, port}: Pick<net.AddressInfo, 'address' | 'port'>,
  own: number | undefined,
  table: string,
): QueuedConnections {
  const found = {own: table === '', others: 0, halfOpen: 0};
  const lines = [
    ...table.matchAll(
      /^ *\d+: ([\dA-F]+):([\dA-F]{4}) [\dA-F]+:([\dA-F]{4}) ([\dA-F]{2}) \S+ \S+ \S+ +\d+ +\d+ (\d+)/gm,
    ),
  ].filter(([, , localPort = '']) => Number.parseInt(localPort, 16) === port);
  const isOwn = ([, , , remote = '', state = '', inode]: RegExpExecArray): boolean =>
    inode === '0' && queued.has(state) && Number.parseInt(remote, 16) === own;
  const ownAddress = isWildcard(address) ? undefined : lines.find(isOwn)?.[1];
  for (const line of lines) {
    const [, local, , , state = '', inode] = line;
    if (ownAddress !== undefined && local !== ownAddress) continue;
    if (state === synReceived) found.halfOpen += 1;
    else if (inode !== '0' || !queued.has(state)) continue;
    else if (isOwn(line)) found.own = true;
    else found.others += 1;
  }
  return found;
}

function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

// include/net/tcp_states.h: TCP_SYN_RECV; TCP_ESTABLISHED; TCP_CLOSE_WAIT, whose client has already sent FIN.
const synReceived = '03';
const queued: ReadonlySet<string> = new Set(['01', '08']);
