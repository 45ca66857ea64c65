import type {Server} from 'node:http';
import net from 'node:net';
import type {BootFailure} from '../process/messages.ts';
import {listenOnPipe} from '../process/node-internals.ts';
import {parseAddress} from '../settings/address.ts';
import type {Settings} from '../settings/settings.ts';

/** How a worker opens the server's address, given the socket that the arbiter sent, if it did. */
export interface Place {
  readonly settings: Pick<Settings, 'bind' | 'dispatch' | 'backlog'>;
  /** The real port: `bind` may say 0. */
  readonly port: number | undefined;
  readonly handle: net.Server | undefined;
  /** In a pool thread: the loop listens for it. Further ports are opened by the first thread alone. */
  readonly thread?: {readonly first: boolean};
}

const netListen = net.Server.prototype.listen;

/** Listens on the server's address. Resolves when it does. */
export function listen(server: net.Server, place: Place): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      server.removeListener('error', reject);
      resolve();
    });
    open(server, place);
  });
}

function open(server: net.Server, place: Place, ...callback: readonly unknown[]): net.Server {
  const address = parseAddress(place.settings.bind);
  // `listen` takes a handle of a TCP socket only.
  if (place.handle === undefined || address === undefined || !('path' in address))
    return Reflect.apply(netListen, server, [...placeWords(place), ...callback]) as net.Server;
  for (const call of callback) server.once('listening', call as () => void);
  listenOnPipe(server, place.handle, address.path, place.settings.backlog);
  return server;
}

function placeWords({settings: {bind, dispatch, backlog}, port, handle}: Place): readonly unknown[] {
  if (handle !== undefined) return [handle, backlog];
  const address = parseAddress(bind) ?? {host: '0.0.0.0', port: 0};
  if ('path' in address) return [{path: address.path, backlog}];
  return [
    {
      host: address.host,
      port: port ?? address.port,
      backlog,
      ...(dispatch === 'reuseport' ? {reusePort: true, exclusive: true} : {}),
    },
  ];
}

/** Why an address cannot be had. */
export function addressFailure(bind: string, error: unknown): BootFailure | undefined {
  const {code, message} = error as NodeJS.ErrnoException;
  if (!['EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN', 'EINVAL', 'ENOENT'].includes(code ?? ''))
    return undefined;
  const what =
    code === 'EADDRINUSE'
      ? `${bind} is taken`
      : code === 'EACCES'
        ? `${bind} may not be had by this user`
        : `${bind} cannot be had: ${message}`;
  return {message: what, fix: 'set another --bind or PORT', exitCode: 69};
}

/** Servers of a service that calls `listen` itself. */
export interface Captured {
  /** Listens on the server's own address. */
  readonly main: Server | undefined;
  /** Listen elsewhere, through node:cluster's socket. */
  readonly others: readonly {readonly server: Server; readonly where: string}[];
}

/**
 * From now on, what calls `listen` with the server's own port gets the server's own socket, and every HTTP server is
 * known, so that it drains with the worker.
 * @param prepare called with the main one before it listens
 * @param captured called after each of them
 */
export function captureListen(place: Place, prepare: (server: Server) => void, captured: () => void): () => Captured {
  const others: {server: Server; where: string}[] = [];
  let main: Server | undefined;
  net.Server.prototype.listen = function capture(this: net.Server, ...words: unknown[]): net.Server {
    const where = listenAddress(words);
    if (!('closeIdleConnections' in this) || where === undefined)
      return Reflect.apply(netListen, this, words) as net.Server;
    const server = this as Server;
    queueMicrotask(captured);
    if (main !== undefined || !isPlace(where, place)) {
      others.push({server, where: typeof where === 'string' ? where : `port ${where}`});
      if (place.thread === undefined) return Reflect.apply(netListen, server, words) as net.Server;
      return place.thread.first ? listenFromThread(server, where, words) : pretendToListen(server, where, words);
    }
    main = server;
    prepare(server);
    if (place.thread !== undefined) return pretendToListen(server, where, words);
    const callback = words.findLast((word) => typeof word === 'function');
    return open(server, place, ...(callback === undefined ? [] : [callback]));
  };
  return () => ({main, others});
}

/** Threads are not workers of node:cluster: those of several workers share a port only where the kernel lets them. */
function listenFromThread(server: Server, where: number | string, words: readonly unknown[]): net.Server {
  if (typeof where === 'string') return Reflect.apply(netListen, server, words) as net.Server;
  const host = words.slice(1).find((word) => typeof word === 'string');
  const [first] = words;
  const options =
    typeof first === 'object' && first !== null ? first : {port: where, ...(host === undefined ? {} : {host})};
  return Reflect.apply(netListen, server, [
    {...options, reusePort: true},
    ...words.filter((word) => typeof word === 'function'),
  ]) as net.Server;
}

function pretendToListen(server: Server, where: number | string, words: readonly unknown[]): net.Server {
  for (const call of words.filter((word) => typeof word === 'function')) server.once('listening', call as () => void);
  Object.assign(server, {
    address: () => (typeof where === 'string' ? where : {port: where, address: '0.0.0.0', family: 'IPv4'}),
  });
  Object.defineProperty(server, 'listening', {value: true});
  process.nextTick(() => server.emit('listening'));
  return server;
}

/** What `listen` was called with: a port, or the path of a socket; undefined for a handle or a descriptor. */
export function listenAddress([first, ...rest]: readonly unknown[]): number | string | undefined {
  if (first === undefined || first === null || typeof first === 'function') return 0;
  if (typeof first === 'number') return first;
  if (typeof first === 'string') return /^\d+$/.test(first) ? Number(first) : first;
  if (typeof first !== 'object') return undefined;
  const {port, path} = first as {port?: unknown; path?: unknown};
  if (port !== undefined) return listenAddress([port, ...rest]);
  return typeof path === 'string' ? path : undefined;
}

function isPlace(where: number | string, {settings, port}: Place): boolean {
  const address = parseAddress(settings.bind);
  if (address !== undefined && 'path' in address) return where === address.path;
  return where === port || (where !== 0 && address !== undefined && where === address.port);
}
