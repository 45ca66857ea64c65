import cluster from 'node:cluster';
import type {Server as NetServer} from 'node:net';
import {setTimeout as sleep} from 'node:timers/promises';
import type {Endpoint, ListenTarget} from '../load/listening.ts';
import {serverLog} from '../process/log.ts';
import {residentBytes} from '../process/memory.ts';
import {type DrainOrder, type FromWorker, isMessage, type ToWorker, type WorkerStats} from '../process/messages.ts';
import {keepWithoutReader} from '../process/outputs.ts';
import type {Settings} from '../settings/settings.ts';
import {startHeartbeat} from '../watchdog/heartbeat.ts';
import {serveWorker, type Serving} from './server.ts';

// The program of a worker process: loads the service and serves it on the socket that the arbiter sends.

const log = serverLog();
/** Time limit of the service's own SIGTERM handlers, after the last response. */
const ownEndMilliseconds = 5000;
const lastMetricsMilliseconds = 1000;
let settings: Settings;
let serving: Serving | undefined;
let draining = false;
const socketClosed = Promise.withResolvers<void>();
let onSocket: ((handle: NetServer | undefined) => void) | undefined;
/** Those that came before the `start` or `socket` to which they belong. */
let furtherSockets: readonly Endpoint[] = [];

function send(message: FromWorker, sent: () => void = () => {}): void {
  if (process.connected) process.send?.(message, undefined, undefined, sent);
  else sent();
}

function stats(own: Pick<WorkerStats, 'rss' | 'loopLag'>): WorkerStats {
  return {...own, connections: serving?.connections() ?? 0, requests: serving?.observer.snapshot()};
}

keepWithoutReader();
// A terminal sends these to the whole process group; the arbiter decides what they do.
for (const signal of ['SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR2'] as const) process.on(signal, () => {});
process.on('SIGUSR1', flush);
process.on('SIGTERM', drainAlone);
process.on('message', (message, handle) => {
  if (isMessage<ToWorker>(message)) receive(message, handle as NetServer | undefined);
});
// Workers outlive an arbiter that was killed: they finish their requests, then end and free the port.
if (cluster.worker !== undefined) cluster.worker.exitedAfterDisconnect = true;
process.once('disconnect', () => {
  socketClosed.resolve();
  drainAlone();
});

function receive(message: ToWorker, handle: NetServer | undefined): void {
  if (message.type === 'start') void start(message, handle);
  else if (message.type === 'further-socket') furtherSockets = [...furtherSockets, {...message, handle}];
  else if (message.type === 'socket') onSocket?.(handle);
  else if (message.type === 'clear-queue') void clearQueue(message, handle);
  else if (message.type === 'socket-closed') socketClosed.resolve();
  else if (message.type === 'drain') void drain(message);
  else if (message.type === 'flush') flush();
  else if (message.type === 'metrics') void sendMetrics();
  else if (message.type === 'quit') end();
}

async function start(order: ToWorker & {readonly type: 'start'}, handle: NetServer | undefined): Promise<void> {
  settings = order.settings;
  process.argv[1] = settings.module;
  startHeartbeat(settings.inspect === undefined ? settings.timeout : 0, (own) => {
    if (settings.maxRss > 0 && own.rss > settings.maxRss * 2 ** 20) send({type: 'recycle', reason: 'max-rss'});
    send({type: 'stats', stats: stats(own)});
  });
  const target: ListenTarget = {settings, port: order.port, handle, further: takeFurther()};
  if (settings.reload)
    (await import('../load/loaded-files.ts')).reportLoaded((file) => send({type: 'files-loaded', files: [file]}));
  // The server's own code is loaded: the arbiter can start the other workers while the service loads here.
  send({type: 'loading'});
  try {
    serving = await serveWorker({
      settings,
      target,
      log,
      recycle: (reason) => send({type: 'recycle', reason}),
      loaded: (file) => send({type: 'files-loaded', files: [file]}),
      reopen: () =>
        new Promise((resolve) => {
          onSocket = (copy) => resolve({...target, handle: copy, further: takeFurther()});
          send({type: 'socket'});
        }),
    });
    send({type: 'ready'});
  } catch (error) {
    const {bootFailure} = await import('../load/boot-failure.ts');
    send({type: 'failed', failure: bootFailure(error, settings.module, settings.bind)}, () => process.exit(3));
  }
}

function takeFurther(): readonly Endpoint[] {
  const taken = furtherSockets;
  furtherSockets = [];
  return taken;
}

async function clearQueue(
  {bind, milliseconds}: ToWorker & {readonly type: 'clear-queue'},
  handle: NetServer | undefined,
): Promise<void> {
  if (serving === undefined) return;
  const target = {settings: {...settings, bind: [bind]}, port: undefined, handle};
  const queue = await serving.clearQueue(target, milliseconds, socketClosed.promise);
  send({type: 'queue-cleared', queue});
}

/** Sends the service's own metrics. Resolves when they are sent, for a service that may exit the process next. */
async function sendMetrics(): Promise<void> {
  if (serving === undefined) return;
  const sources = await serving.metrics();
  await new Promise<void>((resolve) => send({type: 'metrics', sources}, resolve));
}

/** Drains without an order of the arbiter: the worker itself got SIGTERM, or the arbiter has exited. */
function drainAlone(): void {
  void drain({limit: settings?.gracefulTimeout ?? 0, delay: 0, idle: 1, last: false});
}

async function drain({delay, ...order}: DrainOrder): Promise<void> {
  if (draining) return;
  draining = true;
  if (serving === undefined) return end();
  const limit = Date.now() + order.limit * 1000;
  // Only with a delay, when the whole server stops: a 503 from one recycled worker would take the server out of a balancer.
  if (delay > 0) {
    serving.notReady();
    await sleep(delay * 1000);
  }
  const closed = order.last ? socketClosed.promise : Promise.resolve();
  const remaining = {...order, limit: Math.max(0, (limit - Date.now()) / 1000)};
  const count = await serving.drain(remaining, closed, () => send({type: 'not-accepting'}));
  if (count > 0)
    log('warning', 'connections_cut', {
      connections: count,
      message: `closed ${count} connections that were still open after ${order.limit} s`,
      fix: '--graceful-timeout sets the limit',
    });
  // Counts since the last scrape stay in the totals.
  if (settings.adminBind !== undefined) await Promise.race([sendMetrics(), sleep(lastMetricsMilliseconds)]);
  await Promise.race([serving.close(), sleep(Math.max(100, limit - Date.now()))]);
  runOwnHandlers(Math.max(100, Math.min(ownEndMilliseconds, limit - Date.now())));
}

/** Runs the service's own SIGTERM handlers now, for example to close a connection pool; they may end the process. */
function runOwnHandlers(milliseconds: number): void {
  process.removeListener('SIGTERM', drainAlone);
  if (process.listenerCount('SIGTERM') === 0) return end();
  setTimeout(end, milliseconds).unref();
  // With nothing left in the event loop, the service has closed everything.
  process.once('beforeExit', end);
  process.channel?.unref();
  process.emit('SIGTERM', 'SIGTERM');
}

function flush(): void {
  serving?.observer.flush();
}

function end(): void {
  flush();
  send({type: 'drained', stats: stats({rss: residentBytes(), loopLag: 0})}, () => process.exit(0));
}
