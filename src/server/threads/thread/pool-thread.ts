import {AsyncLocalStorage} from 'node:async_hooks';
import {subscribe} from 'node:diagnostics_channel';
import type {IncomingMessage, Server, ServerResponse} from 'node:http';
import {workerData} from 'node:worker_threads';
import {exitCode} from '../../../errors.ts';
import {setRuntimeLevel} from '../../../text/log/levels.ts';
import {bootFailure} from '../../load/boot-failure.ts';
import {type LoadedService, loadService, NotServable} from '../../load/service.ts';
import {serverLog} from '../../process/log.ts';
import {trustProxies} from '../../requests/forwarded.ts';
import {unchunked} from '../../requests/last-response.ts';
import {ownOptions, type OwnOptions} from '../../requests/own-options.ts';
import {heartbeatMilliseconds} from '../../watchdog/heartbeat.ts';
import {claimOf, claimSlot, type FromThread, type Listens, type ThreadData, type ToThread} from '../messages.ts';
import {outbox} from '../outbox.ts';
import {ClientSocket, type Link} from './client-socket.ts';
import {endThread, writeDirectly} from './thread-end.ts';
import {reportUncaught} from './uncaught.ts';

/** Further idle sockets cost more memory than they save. */
const maxIdle = 256;

// The program of a pool thread of the worker class `threads`: loads the service and serves the requests that the event
// loop passes on. The service's own HTTP server handles them, on connections that lead to the event loop.

const {settings, port, index, logLevel, claims: shared, heartbeat, link: loop} = workerData as ThreadData;
const first = index === 0;
const claims = new Int32Array(shared);
/** By id of the request. */
const sockets = new Map<number, ClientSocket>();
/** Between two requests, by id of the connection, the one that has been idle for longest first. */
const idle = new Map<number, ClientSocket>();
const requests = new AsyncLocalStorage<ClientSocket>();
let service: LoadedService | undefined;
let own: OwnOptions = {};

let pending: ClientSocket[] = [];
let over: ClientSocket[] = [];
const out = outbox<FromThread>((batch) => loop.postMessage(batch, []), collect);
const link: Link = {
  send: out.add,
  pending: (socket) => {
    pending.push(socket);
    out.schedule();
  },
  over: (socket) => {
    over.push(socket);
    out.schedule();
  },
  closed: (socket) => {
    sockets.delete(socket.id);
    if (idle.get(socket.connection) === socket) idle.delete(socket.connection);
  },
};

/** Keeps the socket for the next request of its connection. */
function keep(socket: ClientSocket): void {
  sockets.delete(socket.id);
  if (!socket.isReusable()) return void socket.destroy();
  // Of pipelined requests, each has a socket of its own.
  idle.get(socket.connection)?.destroy();
  idle.set(socket.connection, socket);
  if (idle.size > maxIdle) for (const [, oldest] of idle) return void oldest.destroy();
}

/** Adds the output of this turn to the batch. */
function collect(): void {
  const all = pending;
  pending = [];
  for (const socket of all) {
    const message = socket.output(() => cost(socket));
    if (message !== undefined) out.add(message);
  }
  const done = over;
  over = [];
  for (const socket of done) keep(socket);
}

// The CPU time of the thread is a system call: it is read once a millisecond at most.
let [sampledAt, sampledCpu] = [0, 0];

function cpuTime(now: number): number {
  if (now - sampledAt < 1) return sampledCpu;
  const {user, system} = process.threadCpuUsage();
  sampledAt = now;
  sampledCpu = (user + system) / 1000;
  return sampledCpu;
}

/** Milliseconds of CPU time for a request, its own code if it was answered in one turn; else all that the thread used. */
function cost({started, cpu, ran}: ClientSocket): number {
  const now = performance.now();
  return now - started < 1 || ran >= 1 ? ran : Math.max(ran, cpuTime(now) - cpu);
}

let queue: ToThread[] = [];
let next = 0;

function receive(batch: readonly ToThread[]): void {
  if (next === queue.length) {
    queue = [];
    next = 0;
  }
  queue.push(...batch);
  work();
}

/** A request that may compute for long waits until those before it are answered. An error leaves the rest for later. */
function work(): void {
  let started = 0;
  try {
    while (next < queue.length) {
      const message = queue[next] as ToThread;
      if (message.type === 'request') {
        if (started > 0 && !message.fast) break;
        started += 1;
      }
      next += 1;
      handle(message);
    }
  } finally {
    if (next < queue.length) setImmediate(work);
  }
}

function handle(message: ToThread): void {
  if (message.type === 'request') take(message);
  else if (message.type === 'closed') idle.get(message.connection)?.destroy();
  else if (message.type === 'close') void close();
  else if (message.type === 'metrics') void sendMetrics();
  else if (message.type === 'log-level') setRuntimeLevel(message.level);
  else sockets.get(message.id)?.receive(message);
}

function take(message: ToThread & {readonly type: 'request'}): void {
  const {id, text, body, connection} = message;
  // Another thread took it first, or the client has disconnected.
  if (service === undefined || Atomics.compareExchange(claims, claimSlot(id), id, claimOf(index)) !== id) return;
  if (body !== 'complete') out.add({type: 'begun', id});
  const now = performance.now();
  const kept = body === 'raw' ? undefined : idle.get(connection);
  if (kept !== undefined) idle.delete(connection);
  const socket = kept ?? new ClientSocket(message, link);
  socket.begin(message, now, cpuTime(now));
  sockets.set(id, socket);
  // Each request begins in its own context, whatever the handler before it in the batch has entered.
  requests.run(socket, begin, kept === undefined ? service.server : undefined, socket, text);
  socket.ran = performance.now() - now;
}

function begin(server: Server | undefined, socket: ClientSocket, text: string): void {
  server?.emit('connection', socket);
  // Not `push`: the stream would pass it on only in the next tick.
  socket.emit('data', Buffer.from(text, 'latin1'));
}

async function sendMetrics(): Promise<void> {
  const {ownMetrics} = await import('../../metrics/registries.ts');
  out.add({type: 'metrics', source: await ownMetrics(index)});
}

async function close(): Promise<void> {
  await service?.close();
  loop.unref();
  endThread();
}

function listensOf(server: Server): Listens {
  return {upgrade: server.listenerCount('upgrade') > 0, connect: server.listenerCount('connect') > 0};
}

/** The event loop enforces the limits, and can have added headers since. */
function prepare(server: Server): void {
  own = ownOptions(server);
  Object.assign(server, {
    maxHeaderSize: settings.maxHeaderSize * 2 + 1024,
    maxHeadersCount: 0,
    keepAliveTimeout: settings.keepAlive * 1000,
    headersTimeout: 0,
    requestTimeout: 0,
  });
  trustProxies(server, settings.forwardedAllowIps);
}

const counter = new Int32Array(heartbeat);
setInterval(() => Atomics.add(counter, 0, 1), heartbeatMilliseconds(settings.timeout)).unref();
process.argv[1] = settings.module;
if (logLevel !== undefined) setRuntimeLevel(logLevel);
writeDirectly();
try {
  if (settings.reload)
    (await import('../../load/loaded-files.ts')).reportLoaded((file) => out.add({type: 'file-loaded', file}));
  service = await loadService(
    settings.module,
    {settings, port, handle: undefined, thread: {first}},
    prepare,
    (message) => {
      if (first) serverLog()('warning', 'listens_elsewhere', {message});
    },
  );
  const {server} = service;
  if ('setSecureContext' in server)
    throw new NotServable({
      message: `${settings.module} serves TLS itself, which --worker-class=threads does not support`,
      exitCode: exitCode.badData,
      fix: 'use --worker-class=async, or let the load balancer terminate TLS',
    });
  subscribe('http.server.request.start', (message) => {
    const {request, response} = message as {request: IncomingMessage; response: ServerResponse};
    if (request.httpVersion === '1.0') unchunked(response);
    if (settings.strictContentLength) response.strictContentLength = true;
  });
  subscribe('http.server.response.finish', (message) => {
    const {socket, request} = message as {socket: unknown; request: IncomingMessage};
    if (socket instanceof ClientSocket) socket.finished(request);
  });
  const changed = (): void => void setImmediate(() => out.add({type: 'listens', listens: listensOf(server)}));
  for (const event of ['newListener', 'removeListener'] as const)
    server.on(event, (name) => {
      if (name === 'upgrade' || name === 'connect') changed();
    });
  reportUncaught(requests, out.add);
  // What was answered in this turn is not lost if the service exits.
  process.once('exit', out.flush);
  loop.on('message', receive);
  Atomics.add(counter, 0, 1);
  out.add({type: 'booted', listens: listensOf(server), own});
} catch (error) {
  out.add({type: 'failed', failure: bootFailure(error, settings.module, settings.bind)});
}
