import cluster from 'node:cluster';
import type {Server as NetServer} from 'node:net';
import {type LogThreshold, runtimeLevel, setRuntimeLevel} from '../../text/log/levels.ts';
import type {Endpoint, ListenTarget} from '../load/listening.ts';
import {serviceStack} from '../process/frames.ts';
import {serverLog} from '../process/log.ts';
import {residentBytes} from '../process/memory.ts';
import {
  type DrainOrder,
  type FromWorker,
  isMessage,
  marked,
  type ToWorker,
  type WorkerStats,
} from '../process/messages.ts';
import {captureSignal} from '../process/node-internals.ts';
import {keepWithoutReader} from '../process/outputs.ts';
import type {Settings} from '../settings/settings.ts';
import {startHeartbeat} from '../watchdog/heartbeat.ts';
import {leave} from './leave.ts';
import {serveWorker, type Serving} from './server.ts';
import {handleUncaught} from './uncaught.ts';

// The program of a worker process: loads the service and serves it on the socket that the arbiter sends.

const log = serverLog();
/** As Node's own, after an uncaught exception. */
const crashCode = 1;
const crashSeconds = 10;
/** An arbiter that does not answer by then is stuck. */
const orderMilliseconds = 5000;
let settings: Settings;
let serving: Serving | undefined;
let exiting = false;
const socketClosed = Promise.withResolvers<void>();
let onSocket: ((handle: NetServer | undefined) => void) | undefined;
/** Those that came before the `start` or `socket` to which they belong. */
let furtherSockets: readonly Endpoint[] = [];

function send(message: FromWorker, sent: () => void = () => {}): void {
  if (process.connected) process.send?.(marked(message), undefined, undefined, sent);
  else sent();
}

function stats(own: Pick<WorkerStats, 'rss' | 'loopLag'>): WorkerStats {
  const held = serving?.held() ?? 0;
  return {
    ...own,
    connections: serving?.connections() ?? 0,
    ...(held > 0 ? {held} : {}),
    requests: serving?.observer.snapshot(),
  };
}

keepWithoutReader();
// A terminal and a supervisor signal the whole process group: the arbiter decides what happens, and handlers of the
// service run when no response is left that they could cut.
const captured = new Map(
  (['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP'] as const).map((signal): [string, () => void] => [
    signal,
    captureSignal(signal, signal === 'SIGTERM' ? terminated : () => {}),
  ]),
);
process.on('SIGUSR2', () => {});
process.on('SIGUSR1', flush);
process.on('message', (message, handle) => {
  if (isMessage<ToWorker>(message)) receive(message, handle as NetServer | undefined);
});
// Workers outlive an arbiter that was killed: they finish their requests, then end and free the port.
if (cluster.worker !== undefined) cluster.worker.exitedAfterDisconnect = true;
process.once('disconnect', () => {
  socketClosed.resolve();
  drainAlone();
});

const leaving = leave({
  serving: () => serving,
  socketClosed: socketClosed.promise,
  notAccepting: () => send({type: 'not-accepting'}),
  lastMetrics: () => (settings.adminBind === undefined ? Promise.resolve() : sendMetrics()),
  release: (signal) => captured.get(signal)?.(),
  report: (sent) => {
    exiting = true;
    flush();
    send({type: 'drained', stats: stats({rss: residentBytes(), loopLag: 0})}, sent);
  },
  log,
});

handleUncaught({
  log,
  isBooting: () => serving === undefined,
  bootFailed: (error) => void bootFailed(error),
  each: () => serving?.failRunning(),
  first: () => {
    leaving.failed(crashCode);
    send({type: 'crashing'});
    const limit = Math.min(crashSeconds, settings.gracefulTimeout);
    leaving.drain({limit, responses: limit, delay: 0, idle: 1, last: false});
  },
});

// The service ends the process itself. Node calls it within process.exit, so that the stack names the caller.
process.once('exit', (code) => {
  const stack = serviceStack(new Error('process.exit').stack ?? '');
  if (exiting || serving === undefined || !stack.includes('\n    at ')) return;
  log('error', 'service_exited', {
    code,
    message: `the service called process.exit(${code}) while it was being served`,
    stack,
  });
});

function receive(message: ToWorker, handle: NetServer | undefined): void {
  if (message.type === 'start') void start(message, handle);
  else if (message.type === 'further-socket') furtherSockets = [...furtherSockets, {...message, handle}];
  else if (message.type === 'socket') onSocket?.(handle);
  else if (message.type === 'clear-queue') void clearQueue(message, handle);
  else if (message.type === 'socket-closed') socketClosed.resolve();
  else if (message.type === 'drain') leaving.drain(message);
  else if (message.type === 'flush') flush();
  else if (message.type === 'log-level') setLogLevel(message.level);
  else if (message.type === 'metrics') void sendMetrics();
  else if (message.type === 'quit') leaving.quit(message.signal as NodeJS.Signals);
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
    const level = runtimeLevel();
    if (level !== undefined) serving.setLogLevel(level);
    send({type: 'ready'});
  } catch (error) {
    await bootFailed(error);
  }
}

async function bootFailed(error: unknown): Promise<void> {
  const {bootFailure} = await import('../load/boot-failure.ts');
  send({type: 'failed', failure: bootFailure(error, settings.module, settings.bind)}, () => process.exit(3));
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

function setLogLevel(level: LogThreshold): void {
  setRuntimeLevel(level);
  serving?.setLogLevel(level);
}

/** SIGTERM to this process. If it went to the arbiter as well, only the arbiter knows how to drain without a reset. */
function terminated(): void {
  if (!process.connected) return drainAlone();
  send({type: 'terminated'});
  setTimeout(drainAlone, orderMilliseconds).unref();
}

/** Drains without an order: the arbiter has exited, or does not answer. */
function drainAlone(): void {
  const limit = settings?.gracefulTimeout ?? 0;
  const order: DrainOrder = {limit, responses: limit, delay: 0, idle: 1, last: false};
  leaving.drain(order);
}

function flush(): void {
  serving?.observer.flush();
}
