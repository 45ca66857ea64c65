import {subscribe} from 'node:diagnostics_channel';
import type {Server, ServerResponse} from 'node:http';
import {parentPort, workerData} from 'node:worker_threads';
import {bootFailure} from '../load/boot-failure.ts';
import {loadService, type Service} from '../load/service.ts';
import {serverLog} from '../process/log.ts';
import {beatMilliseconds} from '../watchdog/heartbeat.ts';
import {bridge, type Bridge} from './bridge.ts';
import {claimPlace, type FromThread, type ThreadData, type ToThread} from './messages.ts';

// The program of a pool thread of the worker class `threads`: loads the service, and serves what the loop hands on. The
// service's own HTTP server does that, for connections that are bridges to the loop.

const {settings, port, first, claims: shared, beat} = workerData as ThreadData;
const claims = new Int32Array(shared);
const bridges = new Map<number, Bridge>();
const streams = new WeakSet<object>();
const log = serverLog();
let service: Service | undefined;

function send(message: FromThread): void {
  parentPort?.postMessage(message, []);
}

const counter = new Int32Array(beat);
setInterval(() => Atomics.add(counter, 0, 1), beatMilliseconds(settings.timeout)).unref();
process.argv[1] = settings.module;
subscribe('http.server.request.start', (message) => {
  const {response, socket} = message as {response: ServerResponse; socket: object};
  if (streams.has(socket)) unframed(response);
});

/** The body comes as it is: how it is framed for the client, the loop decides. */
function unframed(response: ServerResponse): void {
  response.shouldKeepAlive = false;
  response.useChunkedEncodingByDefault = false;
  // Also where the service asks for it by a header.
  Object.defineProperty(response, 'chunkedEncoding', {get: () => false, set: () => {}});
}

function take(message: ToThread): void {
  if (message.type === 'close') return void close();
  if (message.type !== 'request') return bridges.get(message.id)?.receive(message);
  const {id, head, ends, body, raw} = message;
  // Another thread was quicker, or the client has gone.
  if (service === undefined || Atomics.compareExchange(claims, claimPlace(id), id, -id) !== id) return;
  if (body || raw) send({type: 'begun', id});
  const own = bridge({id, ends, raw, send, over: () => bridges.delete(id)});
  bridges.set(id, own);
  streams.add(own.stream);
  own.stream.on('error', () => {});
  service.server.emit('connection', own.stream);
  own.stream.push(Buffer.from(head, 'latin1'));
}

async function close(): Promise<void> {
  await service?.close();
  send({type: 'closed'});
}

try {
  if (settings.reload) (await import('../load/loaded-files.ts')).reportLoaded((file) => send({type: 'loaded', file}));
  const prepare = (server: Server): void => {
    // Headers have passed their limit in the loop, which may have added some.
    Object.assign(server, {maxHeaderSize: settings.maxHeaderSize * 2});
  };
  service = await loadService(
    settings.module,
    {settings, port, handle: undefined, thread: {first}},
    prepare,
    (message) => {
      if (first) log('warning', 'listens_elsewhere', {message});
    },
  );
  parentPort?.on('message', take);
  Atomics.add(counter, 0, 1);
  send({type: 'booted'});
} catch (error) {
  send({type: 'failed', failure: bootFailure(error, settings.module, settings.bind)});
}
