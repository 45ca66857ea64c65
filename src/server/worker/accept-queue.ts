import {readFileSync} from 'node:fs';
import net from 'node:net';
import type {QueueState} from '../process/messages.ts';
import {setBacklog} from '../process/node-internals.ts';

const connectMilliseconds = 20;

/** Who waits on a port. */
export interface Waiting {
  /** Our own connection, accepted by nobody. */
  readonly own: boolean;
  /** Connections of others that nobody has accepted. */
  readonly others: number;
  /** Handshakes under way: such a client may believe already that it is connected. */
  readonly halfOpen: number;
}

/**
 * Stops accepting, with a connection of our own in the queue of the listening socket and a backlog of 0: then the kernel
 * answers nobody any more. In this order, because with a small backlog it sends SYN cookies, of whose handshakes nothing
 * can be seen. When nobody else waits then, the socket can be closed without a reset for anyone; the plug gets it.
 * Otherwise the plug is pulled, and whoever waits is to be accepted.
 */
export async function plugQueue(server: net.Server): Promise<QueueState> {
  const {address, port} = server.address() as net.AddressInfo;
  const plug = net.connect({port, host: {'0.0.0.0': '127.0.0.1', '::': '::1'}[address] ?? address});
  const connected = new Promise<void>((resolve) => {
    plug.once('connect', resolve);
    plug.on('error', () => resolve());
    setTimeout(resolve, connectMilliseconds);
  });
  // By then Node has called connect(2), and the loop has not turned: nobody was accepted meanwhile.
  await new Promise<void>((resolve) => process.nextTick(resolve));
  setBacklog(server, 0);
  server.close();
  await connected;
  const state = stateOf(waitingOn(port, plug.localPort, socketTable()));
  if (state !== 'empty') plug.destroy();
  return state;
}

function stateOf({own, others, halfOpen}: Waiting): QueueState {
  if (others > 0 || !own) return 'taken';
  return halfOpen > 0 ? 'half-open' : 'empty';
}

/** Of both families; a socket for both has its connections in the second. */
function socketTable(): string {
  return ['/proc/net/tcp', '/proc/net/tcp6']
    .map((file) => {
      try {
        return readFileSync(file, 'utf8');
      } catch {
        // The kernel is without this family.
        return '';
      }
    })
    .join('');
}

/**
 * @param own local port of our own connection
 * @param table text of /proc/net/tcp, as networking/proc_net_tcp.rst of the kernel describes it: ports and state in
 * hexadecimal, and an inode of 0 until somebody accepts. Where it is empty, as on other systems, nobody is seen to wait.
 */
export function waitingOn(port: number, own: number | undefined, table: string): Waiting {
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

// include/net/tcp_states.h: TCP_SYN_RECV; TCP_ESTABLISHED and TCP_CLOSE_WAIT, whose client has ended already.
const synReceived = '03';
const queued: ReadonlySet<string> = new Set(['01', '08']);
