import {lookup} from 'node:dns/promises';
import {existsSync, readFileSync, statSync, unlinkSync} from 'node:fs';
import net from 'node:net';
import {getSystemErrorMap} from 'node:util';
import {bindHandle, type BoundHandle, reusePortFlag} from '../process/node-internals.ts';
import {parseAddress} from '../settings/address.ts';
import type {Settings} from '../settings/settings.ts';

/** A socket that is bound, and on which nobody listens in this process. Workers are sent it. */
export interface BoundSocket {
  /** Undefined for the path of a socket. */
  readonly port: number | undefined;
  /** For `worker.send`; undefined where workers bind their own (`rr`, `reuseport`). */
  readonly handle: net.Server | undefined;
  readonly close: () => void;
}

/**
 * Binds the address. The socket belongs to the arbiter, as in gunicorn, and outlives every worker: while there is none,
 * connections wait in the backlog.
 * @throws NodeJS.ErrnoException EADDRINUSE, EACCES, EADDRNOTAVAIL, ENOTFOUND...
 */
export async function bindSocket({bind, dispatch}: Pick<Settings, 'bind' | 'dispatch'>): Promise<BoundSocket> {
  const address = parseAddress(bind);
  if (address === undefined) throw new Error(`${bind} is no address`);
  // node:cluster has this one bound by the arbiter at a worker's first call.
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
  // libuv tells of a taken port here, not at bind.
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

/** A server that was killed leaves its file behind. One that answers is left alone, and so is what is no socket. */
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

/** For files, the database, the inspector: what a worker opens besides its clients' connections. */
const reserve = 64;

/**
 * As many connections as the process may have descriptors for. Beyond that, what is accepted would be closed at once
 * instead of waiting in the backlog.
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
