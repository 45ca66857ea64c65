import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import type {Duplex} from 'node:stream';
import {messageOf} from '../../errors.ts';
import {type LoadedService, NotServable} from '../load/service.ts';
import {serviceStack} from '../process/frames.ts';
import type {Log} from '../process/log.ts';
import {applyOwnOptions, type OwnOptions} from '../requests/own-options.ts';
import {onResponseEnd} from '../requests/response-end.ts';
import type {Settings} from '../settings/settings.ts';
import {claimMemory, dispatcher, type Pool} from './dispatch.ts';
import {httpExchange, rawExchange} from './exchange.ts';
import type {FromThread, Listens} from './messages.ts';
import {type PoolThread, startThread} from './pool.ts';

export interface ThreadServiceOptions {
  readonly settings: Settings;
  readonly port: number | undefined;
  readonly log: Log;
  /** Called when a thread has crashed: the worker should be replaced. */
  readonly crashed: () => void;
  /** Called for each file that a thread loads, with `reload`. */
  readonly loaded: (file: string) => void;
}

/**
 * The worker class `threads`: the event loop handles HTTP and runs no code of the service; a pool of threads, each with
 * its own copy of the service, handles requests. One additional thread serves only requests that have been fast so far, so
 * that a health check does not wait behind handlers that compute.
 * @throws NotServable when a thread does not boot
 */
export async function threadService({
  settings,
  port,
  log,
  crashed,
  loaded,
}: ThreadServiceOptions): Promise<LoadedService> {
  const pool: Pool = {ready: [], failing: []};
  const claims = claimMemory();
  let own: OwnOptions = {};
  const {open, receive, close, fail, abandon, threadOf} = dispatcher(pool, claims, settings.threads);
  const server = createServer(serve);
  // The service's own server decides what it answers to `Expect`.
  server.on('checkContinue', serve);
  server.on('checkExpectation', serve);

  function serve(request: IncomingMessage, response: ServerResponse): void {
    const opened = open(request, (id) => httpExchange(id, request, response));
    onResponseEnd(request, response, () => {
      if (!response.writableFinished || request.complete || request.socket.destroyed) return close(opened);
      // The service still reads the body.
      request.once('end', () => close(opened));
      request.socket.once('close', () => close(opened));
    });
  }
  function serveUpgraded(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const opened = open(request, (id) => rawExchange(id, request, socket, head));
    socket.once('close', () => close(opened));
  }
  /** Without a listener, Node answers an upgrade as any other request, and refuses CONNECT. */
  function listenAs(listens: Listens): void {
    for (const event of ['upgrade', 'connect'] as const) {
      server.removeListener(event, serveUpgraded);
      if (listens[event]) server.on(event, serveUpgraded);
    }
  }

  function onMessage(thread: PoolThread, message: FromThread): void {
    if ('id' in message && message.type !== 'crashed') receive(thread, message);
    else if (message.type === 'crashed') onUncaught(thread, message);
    else if (message.type === 'file-loaded') loaded(message.file);
    else if (message.type === 'listens') listenAs(message.listens);
  }
  function onStuck(stack: string | undefined): void {
    log('error', 'worker_stuck', {
      worker: process.pid,
      message: `event loop of pool thread blocked for ${settings.timeout} s; terminating the thread`,
      fix: '--timeout sets the limit',
      ...(stack === undefined ? {} : {stack}),
    });
  }
  function reportCrash(message: string, stack: string): void {
    log('error', 'thread_crashed', {
      message: `pool thread crashed: ${message}`,
      ...(stack.includes('\n    at ') ? {stack} : {}),
    });
  }
  /** It takes no further requests, and serves those that it has until the worker is replaced. */
  function onUncaught(thread: PoolThread, {id, message, stack}: FromThread & {readonly type: 'crashed'}): void {
    reportCrash(message, stack);
    if (id !== undefined) fail(id);
    if (!pool.ready.includes(thread)) return;
    pool.ready = pool.ready.filter((other) => other !== thread);
    pool.failing = [...pool.failing, thread];
    crashed();
  }
  function onExit(thread: PoolThread, error: unknown): void {
    pool.ready = pool.ready.filter((other) => other !== thread);
    pool.failing = pool.failing.filter((other) => other !== thread);
    reportCrash(messageOf(error), error instanceof Error ? serviceStack(error.stack ?? '') : '');
    abandon(thread);
    if (pool.ready.length === 0 && pool.failing.length === 0) process.exit(1);
    crashed();
  }

  const all = Array.from({length: settings.threads + 1}, (_, index) =>
    startThread({settings, port, index, claims, onMessage, onStuck, onExit}),
  );
  const boots = await Promise.all(all.map(({booted}) => booted));
  for (const boot of boots) {
    if ('failure' in boot) throw new NotServable(boot.failure);
    listenAs(boot.listens);
    own = boot.own;
  }
  applyOwnOptions(server, own);
  pool.ready = all;
  return {
    server,
    own,
    stackOf: async (request) => threadOf(request)?.stack(),
    others: [],
    listens: false,
    setLogLevel: (level) => {
      for (const thread of [...pool.ready, ...pool.failing]) thread.send({type: 'log-level', level});
    },
    metrics: () => Promise.all(pool.ready.map((thread) => thread.metrics())),
    close: async () => void (await Promise.all([...pool.ready, ...pool.failing].map((thread) => thread.close()))),
  };
}
