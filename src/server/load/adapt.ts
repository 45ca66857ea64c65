import {createServer, type RequestListener, type Server} from 'node:http';
import type {FetchHandler} from './fetch/listener.ts';
import {handlerListener, isFastifyPlugin, nodeListener} from './handler.ts';

/** An HTTP server, and how to close the application after the last response. */
export interface Application {
  readonly server: Server;
  /** Makes the server listen, if the application must do that itself; it calls `listen` of the server. */
  readonly listen?: (address: ListenAddress) => Promise<unknown>;
  readonly close: () => Promise<void>;
}

/** Where an application listens: what `listen` of a server takes. */
export type ListenAddress = {readonly path: string} | {readonly host: string; readonly port: number};

interface Fetcher {
  fetch: FetchHandler;
}

interface Fastify {
  readonly server: Server;
  ready(): Promise<unknown>;
  listen(address: ListenAddress): Promise<unknown>;
  close(): Promise<void>;
}

interface Koa {
  callback(): RequestListener;
}

/**
 * Makes an HTTP server of a module's default export: an http.Server, a fastify or koa app, an object with `fetch` (hono
 * or a custom one), or a function (@see handlerListener). Undefined for anything else.
 */
export async function adapt(exported: unknown): Promise<Application | undefined> {
  if (isServer(exported)) return {server: exported, close: async () => {}};
  if (has<Fastify>(exported, 'ready', 'close', 'listen') && isServer((exported as Fastify).server)) {
    await exported.ready();
    return {
      server: exported.server,
      // Its onListen hooks run only when it listens itself.
      listen: (address) => exported.listen({...address}),
      close: () => exported.close(),
    };
  }
  const close = async (): Promise<void> => {
    if (has<{close(): Promise<void>}>(exported, 'close')) await exported.close();
  };
  if (has<Fetcher>(exported, 'fetch')) {
    const {fetchListener} = await import('./fetch/listener.ts');
    return {server: createServer(fetchListener((request, info) => exported.fetch(request, info))), close};
  }
  if (has<Koa>(exported, 'callback')) return {server: createServer(nodeListener(exported.callback())), close};
  if (typeof exported !== 'function' || isFastifyPlugin(exported)) return undefined;
  return {server: createServer(await handlerListener(exported as (...words: never[]) => unknown)), close};
}

function has<T>(value: unknown, ...names: (keyof T & string)[]): value is T {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  return names.every((name) => typeof (value as Record<string, unknown>)[name] === 'function');
}

function isServer(value: unknown): value is Server {
  return has<Server>(value, 'listen', 'closeIdleConnections', 'address');
}
