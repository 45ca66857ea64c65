import type {Server} from 'node:http';
import net from 'node:net';
import {listenOnPipe} from '../process/node-internals.ts';
import {isIpv6Only, parseAddress} from '../settings/address.ts';
import type {Settings} from '../settings/settings.ts';

/** An address of the server, and its socket if the arbiter sent one. */
export interface Endpoint {
  readonly bind: string;
  /** The actual port: that of `bind` can be 0. Undefined for a Unix socket. */
  readonly port: number | undefined;
  readonly handle: net.Server | undefined;
}

/** What a worker listens on: the main address, with its socket if the arbiter sent one, and further ones. */
export interface ListenTarget extends Omit<Endpoint, 'bind'> {
  readonly settings: Pick<Settings, 'bind' | 'dispatch' | 'backlog'>;
  /** The other addresses of the server: their connections are those of the main server, @see listenFurther. */
  readonly further?: readonly Endpoint[];
  /** Set in a pool thread, whose event loop listens for it. Only the first thread opens further ports. */
  readonly thread?: {readonly first: boolean};
}

const netListen = net.Server.prototype.listen;

/** Listens on the server's address. Resolves when the server listens, rejects when it cannot. */
export function listen(server: net.Server, target: ListenTarget): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      server.removeListener('error', reject);
      resolve();
    });
    open(server, target);
  });
}

function open(server: net.Server, target: ListenTarget, ...callback: readonly unknown[]): net.Server {
  const address = parseAddress(mainBind(target));
  // `listen` accepts only the handle of a TCP socket.
  if (target.handle === undefined || address === undefined || !('path' in address))
    return Reflect.apply(netListen, server, [...listenArguments(target), ...callback]) as net.Server;
  for (const call of callback) server.once('listening', call as () => void);
  listenOnPipe(server, target.handle, address.path, target.settings.backlog);
  return server;
}

function mainBind({settings: {bind}}: ListenTarget): string {
  return bind[0] ?? '';
}

function listenArguments(target: ListenTarget): readonly unknown[] {
  const {
    settings: {bind, dispatch, backlog},
    port,
    handle,
  } = target;
  if (handle !== undefined) return [handle, backlog];
  const address = parseAddress(mainBind(target)) ?? {host: '0.0.0.0', port: 0};
  if ('path' in address) return [{path: address.path, backlog}];
  return [
    {
      host: address.host,
      port: port ?? address.port,
      backlog,
      ...(isIpv6Only(mainBind(target), bind) ? {ipv6Only: true} : {}),
      ...(dispatch === 'reuseport' ? {reusePort: true, exclusive: true} : {}),
    },
  ];
}

/**
 * Listens on one of the further addresses.
 * @param endpoint instead of the target's main address
 */
export function listenOn(
  server: net.Server,
  {bind, port, handle}: Endpoint,
  {settings}: Pick<ListenTarget, 'settings'>,
): Promise<void> {
  const others = settings.bind.filter((one) => one !== bind);
  return listen(server, {settings: {...settings, bind: [bind, ...others]}, port, handle});
}

/** The servers of a service that calls `listen` itself. */
export interface Captured {
  /** The one on the server's own address. */
  readonly main: Server | undefined;
  /** Those on other addresses, with sockets of node:cluster. */
  readonly others: readonly {readonly server: Server; readonly where: string}[];
}

/**
 * Intercepts `listen`: a call with the server's own port gets the server's own socket, and every other HTTP server is
 * recorded, so that it drains with the worker.
 * @param prepare called with the main server before it listens
 * @param captured called after each call of `listen`
 */
export function captureListen(
  target: ListenTarget,
  prepare: (server: Server) => void,
  captured: () => void,
): () => Captured {
  const others: {server: Server; where: string}[] = [];
  let main: Server | undefined;
  net.Server.prototype.listen = function capture(this: net.Server, ...words: unknown[]): net.Server {
    const where = listenAddress(words);
    if (!('closeIdleConnections' in this) || where === undefined)
      return Reflect.apply(netListen, this, words) as net.Server;
    const server = this as Server;
    queueMicrotask(captured);
    if (main !== undefined || !isTarget(where, target)) {
      others.push({server, where: typeof where === 'string' ? where : `port ${where}`});
      if (target.thread === undefined) return Reflect.apply(netListen, server, words) as net.Server;
      return target.thread.first ? listenFromThread(server, where, words) : pretendToListen(server, where, words);
    }
    main = server;
    prepare(server);
    if (target.thread !== undefined) return pretendToListen(server, where, words);
    const callback = words.findLast((word) => typeof word === 'function');
    return open(server, target, ...(callback === undefined ? [] : [callback]));
  };
  return () => ({main, others});
}

/** Threads are not workers of node:cluster: those of several workers share a port only with SO_REUSEPORT. */
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

/** The address in the arguments of `listen`: a port, or the path of a Unix socket; undefined for a handle or descriptor. */
export function listenAddress([first, ...rest]: readonly unknown[]): number | string | undefined {
  if (first === undefined || first === null || typeof first === 'function') return 0;
  if (typeof first === 'number') return first;
  if (typeof first === 'string') return /^\d+$/.test(first) ? Number(first) : first;
  if (typeof first !== 'object') return undefined;
  const {port, path} = first as {port?: unknown; path?: unknown};
  if (port !== undefined) return listenAddress([port, ...rest]);
  return typeof path === 'string' ? path : undefined;
}

/** A service that was written for one of the further addresses is served on all of them, too. */
function isTarget(where: number | string, {settings, port}: ListenTarget): boolean {
  if (where === port) return true;
  return settings.bind.some((bind) => {
    const address = parseAddress(bind);
    if (address === undefined) return false;
    return 'path' in address ? where === address.path : where !== 0 && where === address.port;
  });
}
