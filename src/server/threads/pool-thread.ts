import {subscribe} from 'node:diagnostics_channel';
import type {Server, ServerResponse} from 'node:http';
import {parentPort, workerData} from 'node:worker_threads';
import {bootFailure} from '../load/boot-failure.ts';
import {type LoadedService, loadService} from '../load/service.ts';
import {serverLog} from '../process/log.ts';
import {trustProxies} from '../requests/forwarded.ts';
import {heartbeatMilliseconds} from '../watchdog/heartbeat.ts';
import {bridge, type Bridge} from './bridge.ts';
import {claimSlot, type FromThread, type ThreadData, type ToThread} from './messages.ts';

// The program of a pool thread of the worker class `threads`: loads the service and serves the requests that the event
// loop passes on. The service's own HTTP server handles them, on connections that are bridges to the event loop.

const {settings, port, index, claims: shared, heartbeat} = workerData as ThreadData;
const claims = new Int32Array(shared);
const first = index === 0;
const bridges = new Map<number, Bridge>();
const streams = new WeakSet<object>();
const log = serverLog();
let service: LoadedService | undefined;

function send(message: FromThread): void {
  parentPort?.postMessage(message, []);
}

const counter = new Int32Array(heartbeat);
setInterval(() => Atomics.add(counter, 0, 1), heartbeatMilliseconds(settings.timeout)).unref();
process.argv[1] = settings.module;
subscribe('http.server.request.start', (message) => {
  const {response, socket} = message as {response: ServerResponse; socket: object};
  if (streams.has(socket)) unframed(response);
});

/** Writes the body without framing, which the event loop adds. */
function unframed(response: ServerResponse): void {
  response.shouldKeepAlive = false;
  response.useChunkedEncodingByDefault = false;
  // Even if the service sets Transfer-Encoding itself.
  Object.defineProperty(response, 'chunkedEncoding', {get: () => false, set: () => {}});
}

function receive(message: ToThread): void {
  if (message.type === 'close') return void close();
  if (message.type === 'metrics') return void sendMetrics();
  if (message.type !== 'request') return bridges.get(message.id)?.receive(message);
  const {id, head, addresses, body, raw} = message;
  // Another thread took it first, or the client has disconnected.
  if (service === undefined || Atomics.compareExchange(claims, claimSlot(id), id, -id) !== id) return;
  if (body || raw) send({type: 'begun', id});
  const own = bridge({id, addresses, raw, send, onEnd: () => bridges.delete(id)});
  bridges.set(id, own);
  streams.add(own.stream);
  own.stream.on('error', () => {});
  service.server.emit('connection', own.stream);
  own.stream.push(Buffer.from(head, 'latin1'));
}

async function sendMetrics(): Promise<void> {
  const {ownMetrics} = await import('../metrics/registries.ts');
  send({type: 'metrics', source: await ownMetrics(index)});
}

async function close(): Promise<void> {
  await service?.close();
  send({type: 'closed'});
}

try {
  if (settings.reload)
    (await import('../load/loaded-files.ts')).reportLoaded((file) => send({type: 'file-loaded', file}));
  const prepare = (server: Server): void => {
    // The event loop has enforced the limit already, and can have added headers since.
    Object.assign(server, {maxHeaderSize: settings.maxHeaderSize * 2});
    trustProxies(server, settings.forwardedAllowIps);
  };
  service = await loadService(
    settings.module,
    {settings, port, handle: undefined, thread: {first}},
    prepare,
    (message) => {
      if (first) log('warning', 'listens_elsewhere', {message});
    },
  );
  parentPort?.on('message', receive);
  Atomics.add(counter, 0, 1);
  send({type: 'booted'});
} catch (error) {
  send({type: 'failed', failure: bootFailure(error, settings.module, settings.bind)});
}
