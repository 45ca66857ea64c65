import {lookup} from 'node:dns/promises';
import {readFileSync} from 'node:fs';
import net from 'node:net';
import type {BootFailure} from '../process/messages.ts';
import {bindHandle, type BoundHandle, checkedHandle, ipv6OnlyFlag, reusePortFlag} from '../process/node-internals.ts';
import {openFileLimit} from '../process/open-files.ts';
import {addressText, boundText, isIpv6Only, parseAddress} from '../settings/address.ts';
import type {Settings} from '../settings/settings.ts';

/** A bound socket on which this process does not listen. It is sent to the workers. */
export interface BoundSocket {
  /** Its address as it was given. */
  readonly bind: string;
  /** Undefined for a Unix socket. */
  readonly port: number | undefined;
  /** For `worker.send`; undefined if workers bind their own (`rr`, `reuseport`). */
  readonly handle: net.Server | undefined;
  /** Removes the file of a Unix socket: no further client finds it. */
  readonly unlink: () => void;
  readonly close: () => void;
}

type BindSettings = Pick<Settings, 'bind' | 'dispatch' | 'socketMode' | 'socketOwner'>;

/**
 * Binds every address, the main one first. As in gunicorn, the sockets belong to the arbiter and outlive every worker:
 * without a worker, connections wait in the accept queues.
 * @returns a failure that names every address that cannot be bound; then none of them stays bound
 */
export async function bindSockets(settings: BindSettings): Promise<readonly BoundSocket[] | BootFailure> {
  const sockets: BoundSocket[] = [];
  const failed: {readonly bind: string; readonly error: unknown}[] = [];
  for (const bind of settings.bind) {
    try {
      sockets.push(await bindSocket(bind, settings));
    } catch (error) {
      failed.push({bind, error});
    }
  }
  if (failed.length === 0) return sockets;
  for (const socket of sockets) socket.close();
  return (await import('../sockets/address-failure.ts')).addressFailures(failed);
}

/** The addresses of the sockets, with their actual ports, as `--bind` takes them. */
export function boundTexts(sockets: readonly BoundSocket[]): string {
  return sockets.map(({bind, port}) => boundText(bind, port)).join(',');
}

/** @throws NodeJS.ErrnoException EADDRINUSE, EACCES, EADDRNOTAVAIL, ENOTFOUND... */
async function bindSocket(bind: string, {bind: all, dispatch, ...permissions}: BindSettings): Promise<BoundSocket> {
  const address = parseAddress(bind);
  if (address === undefined) throw new Error(`${bind} is not an address`);
  // Workers always share a Unix socket: neither node:cluster nor the kernel has another way that keeps its permissions.
  if ('path' in address) {
    const {bindUnixSocket} = await import('../sockets/unix-socket.ts');
    const {handle, unlink} = await bindUnixSocket(address.path, permissions);
    return {
      ...socketOf(bind, undefined, handle),
      handle: handle as unknown as net.Server,
      unlink,
      close: () => {
        unlink();
        handle.close();
      },
    };
  }
  const {address: host, family} =
    net.isIP(address.host) === 0 ? await lookup(address.host) : {address: address.host, family: net.isIP(address.host)};
  const flags =
    (dispatch === 'reuseport' ? reusePortFlag : 0) +
    (isIpv6Only(addressText({host, port: address.port}), all) ? ipv6OnlyFlag : 0);
  const handle = checkedHandle(bindHandle(host, address.port, family as 4 | 6, undefined, flags), bind);
  // libuv reports EADDRINUSE here, not at bind.
  const name: {port?: number} = {};
  checkedHandle(handle.getsockname(name) || handle, bind);
  if (dispatch === 'shared') return {...socketOf(bind, name.port, handle), handle: handle as unknown as net.Server};
  if (dispatch === 'reuseport') return socketOf(bind, name.port, handle);
  // node:cluster binds this one in the arbiter, when the first worker listens.
  handle.close();
  return {...socketOf(bind, address.port, handle), close: () => {}};
}

function socketOf(bind: string, port: number | undefined, handle: BoundHandle): BoundSocket {
  return {bind, port, handle: undefined, unlink: () => {}, close: () => handle.close()};
}

/** Descriptors that a worker needs besides its clients' connections: files, the database, the inspector. */
const reserve = 64;

/**
 * The connection limit, lowered to what the open-file limit allows. Beyond that, an accepted connection would be closed at
 * once instead of waiting in the accept queue.
 */
export const connectionsWithin = (wanted: number, read?: () => string): number =>
  Math.max(1, Math.min(wanted, openFileLimit(read) - reserve));

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
