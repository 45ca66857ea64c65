import {lookup} from 'node:dns/promises';
import {existsSync, readFileSync, statSync, unlinkSync} from 'node:fs';
import net from 'node:net';
import {getSystemErrorMap} from 'node:util';
import {bindHandle, type BoundHandle, reusePortFlag} from '../process/node-internals.ts';
import {parseAddress} from '../settings/address.ts';
import type {Settings} from '../settings/settings.ts';

/** A bound socket on which this process does not listen. It is sent to the workers. */
export interface BoundSocket {
  /** Undefined for a Unix socket. */
  readonly port: number | undefined;
  /** For `worker.send`; undefined if workers bind their own (`rr`, `reuseport`). */
  readonly handle: net.Server | undefined;
  readonly close: () => void;
}

/**
 * Binds the address. As in gunicorn, the socket belongs to the arbiter and outlives every worker: without a worker,
 * connections wait in the accept queue.
 * @throws NodeJS.ErrnoException EADDRINUSE, EACCES, EADDRNOTAVAIL, ENOTFOUND...
 */
export async function bindSocket({bind, dispatch}: Pick<Settings, 'bind' | 'dispatch'>): Promise<BoundSocket> {
  const address = parseAddress(bind);
  if (address === undefined) throw new Error(`${bind} is not an address`);
  // node:cluster binds this one in the arbiter, when the first worker listens.
  if (dispatch === 'rr')
    return {port: 'port' in address ? address.port : undefined, handle: undefined, close: () => {}};
  if ('path' in address) {
    await removeStale(address.path);
    const handle = checked(bindHandle(address.path, -1, -1), bind);
    return {port: undefined, handle: handle as unknown as net.Server, close: () => handle.close()};
  }
  const {address: host, family} =
    net.isIP(address.host) === 0 ? await lookup(address.host) : {address: address.host, family: net.isIP(address.host)};
  const handle = checked(
    bindHandle(host, address.port, family as 4 | 6, undefined, dispatch === 'reuseport' ? reusePortFlag : 0),
    bind,
  );
  // libuv reports EADDRINUSE here, not at bind.
  const name: {port?: number} = {};
  checked(handle.getsockname(name) || handle, bind);
  if (dispatch === 'reuseport') return {port: name.port, handle: undefined, close: () => handle.close()};
  return {port: name.port, handle: handle as unknown as net.Server, close: () => handle.close()};
}

function checked(result: BoundHandle | number, bind: string): BoundHandle {
  if (typeof result !== 'number') return result;
  const [code = 'UNKNOWN', text = 'error'] = getSystemErrorMap().get(result) ?? [];
  throw Object.assign(new Error(`bind ${code} ${bind}: ${text}`), {code, errno: result});
}

/** Removes the socket file of a server that was killed. A socket that accepts connections is kept, and so is any other file. */
async function removeStale(path: string): Promise<void> {
  if (!existsSync(path) || !statSync(path).isSocket()) return;
  const refused = await new Promise<boolean>((resolve) => {
    const socket = net.connect(path, () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
  });
  if (refused) unlinkSync(path);
}

/** Descriptors that a worker needs besides its clients' connections: files, the database, the inspector. */
const reserve = 64;

/**
 * The connection limit, lowered to what the open-file limit allows. Beyond that, an accepted connection would be closed at
 * once instead of waiting in the accept queue.
 */
export function connectionsWithin(
  wanted: number,
  read: () => string = () => readFileSync('/proc/self/limits', 'utf8'),
): number {
  try {
    const soft = /^Max open files +(\d+)/m.exec(read())?.[1];
    return soft === undefined ? wanted : Math.max(1, Math.min(wanted, Number(soft) - reserve));
  } catch {
    return wanted;
  }
}

const migrateSetting = '/proc/sys/net/ipv4/tcp_migrate_req';

/** A warning for `reuseport` if the kernel does not migrate queued connections to another worker. */
export function dispatchWarning(
  dispatch: Settings['dispatch'],
  read: (path: string) => string = (path) => readFileSync(path, 'utf8'),
): {readonly message: string; readonly fix: string} | undefined {
  if (dispatch !== 'reuseport' || migratesConnections(read)) return undefined;
  return {
    message: 'with reuseport, connections in the accept queue of a worker are lost when it reloads, stops or crashes',
    fix: 'sysctl net.ipv4.tcp_migrate_req=1 (docker run --sysctl), or --dispatch=shared',
  };
}

function migratesConnections(read: (path: string) => string): boolean {
  try {
    return read(migrateSetting).trim() === '1';
  } catch {
    return false;
  }
}
