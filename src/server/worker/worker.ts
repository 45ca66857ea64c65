import cluster from 'node:cluster';
import type {Server as NetServer} from 'node:net';
import {setTimeout as sleep} from 'node:timers/promises';
import type {Place} from '../load/listening.ts';
import {serverLog} from '../process/log.ts';
import {type DrainOrder, type FromWorker, isMessage, type ToWorker, type WorkerStats} from '../process/messages.ts';
import type {Settings} from '../settings/settings.ts';
import {startHeartbeat} from '../watchdog/heartbeat.ts';
import {serveWorker, type Serving} from './server.ts';

// The program of a worker: loads the service and serves it, on the socket that the arbiter sends.

const log = serverLog();
/** For what a service does at SIGTERM, after its last answer. */
const ownEndMilliseconds = 5000;
let settings: Settings;
let serving: Serving | undefined;
let leaving = false;
const socketClosed = Promise.withResolvers<void>();
let socketWanted: ((handle: NetServer | undefined) => void) | undefined;

function tell(message: FromWorker, told: () => void = () => {}): void {
  if (process.connected) process.send?.(message, undefined, undefined, told);
  else told();
}

function stats(own: Pick<WorkerStats, 'rss' | 'loopLag'>): WorkerStats {
  return {...own, connections: serving?.connections() ?? 0, requests: serving?.watched.snapshot()};
}

// Of the signals that a terminal sends to all processes of a group, the arbiter decides.
for (const signal of ['SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR2'] as const) process.on(signal, () => {});
process.on('SIGUSR1', flush);
process.on('SIGTERM', leaveAlone);
process.on('message', (message, handle) => {
  if (isMessage<ToWorker>(message)) obey(message, handle as NetServer | undefined);
});
// An arbiter that was killed leaves its workers: they finish what they have, and hold the port no longer.
if (cluster.worker !== undefined) cluster.worker.exitedAfterDisconnect = true;
process.once('disconnect', () => {
  socketClosed.resolve();
  leaveAlone();
});

function obey(message: ToWorker, handle: NetServer | undefined): void {
  if (message.type === 'start') void start(message, handle);
  else if (message.type === 'socket') socketWanted?.(handle);
  else if (message.type === 'clear') void clearQueue(message.milliseconds, handle);
  else if (message.type === 'closed') socketClosed.resolve();
  else if (message.type === 'drain') void leave(message);
  else if (message.type === 'flush') flush();
  else if (message.type === 'quit') end();
}

async function start(order: ToWorker & {readonly type: 'start'}, handle: NetServer | undefined): Promise<void> {
  settings = order.settings;
  process.argv[1] = settings.module;
  startHeartbeat(settings.inspect === undefined ? settings.timeout : 0, (own) => {
    if (settings.maxRss > 0 && own.rss > settings.maxRss * 2 ** 20) tell({type: 'recycle', reason: 'max-rss'});
    tell({type: 'stats', stats: stats(own)});
  });
  const place: Place = {settings, port: order.port, handle};
  if (settings.reload)
    (await import('../load/loaded-files.ts')).reportLoaded((file) => tell({type: 'loaded', files: [file]}));
  // Others may be started now: what is the server's own is done, and the service's own comes.
  tell({type: 'up'});
  try {
    serving = await serveWorker({
      settings,
      place,
      log,
      worn: (reason) => tell({type: 'recycle', reason}),
      loaded: (file) => tell({type: 'loaded', files: [file]}),
      reopen: () =>
        new Promise((resolve) => {
          socketWanted = (again) => resolve({...place, handle: again});
          tell({type: 'socket'});
        }),
    });
    tell({type: 'ready'});
  } catch (error) {
    const {bootFailure} = await import('../load/boot-failure.ts');
    tell({type: 'failed', failure: bootFailure(error, settings.module, settings.bind)}, () => process.exit(3));
  }
}

async function clearQueue(milliseconds: number, handle: NetServer | undefined): Promise<void> {
  if (serving === undefined) return;
  tell({
    type: 'cleared',
    queue: await serving.clearQueue({settings, port: undefined, handle}, milliseconds, socketClosed.promise),
  });
}

function leaveAlone(): void {
  void leave({limit: settings?.gracefulTimeout ?? 0, delay: 0, idle: 1, last: false});
}

async function leave({delay, ...order}: DrainOrder): Promise<void> {
  if (leaving) return;
  leaving = true;
  if (serving === undefined) return end();
  const limit = Date.now() + order.limit * 1000;
  // Not without a delay: a balancer that asks a worker on its way out would take the whole server for one.
  if (delay > 0) {
    serving.notReady();
    await sleep(delay * 1000);
  }
  const closed = order.last ? socketClosed.promise : Promise.resolve();
  const cut = await serving.drain({...order, limit: Math.max(0, (limit - Date.now()) / 1000)}, closed, () =>
    tell({type: 'lame'}),
  );
  if (cut > 0)
    log('warning', 'connections_cut', {
      connections: cut,
      message: `${cut} connections were still open after ${order.limit} s and were cut`,
      fix: '--graceful-timeout sets the limit',
    });
  await Promise.race([serving.close(), sleep(Math.max(100, limit - Date.now()))]);
  letServiceEnd(Math.max(100, Math.min(ownEndMilliseconds, limit - Date.now())));
}

/** A service that heeds SIGTERM itself, to close a pool of connections say, is sent it now, and may end the process. */
function letServiceEnd(milliseconds: number): void {
  process.removeListener('SIGTERM', leaveAlone);
  if (process.listenerCount('SIGTERM') === 0) return end();
  setTimeout(end, milliseconds).unref();
  // When nothing is left for the loop to do, it has closed all it had.
  process.once('beforeExit', end);
  process.channel?.unref();
  process.emit('SIGTERM', 'SIGTERM');
}

function flush(): void {
  serving?.watched.flush();
}

function end(): void {
  flush();
  tell({type: 'drained', stats: stats({rss: process.memoryUsage.rss(), loopLag: 0})}, () => process.exit(0));
}
