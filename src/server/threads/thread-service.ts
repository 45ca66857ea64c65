import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import type {Duplex} from 'node:stream';
import {messageOf} from '../../errors.ts';
import {type LoadedService, NotServable} from '../load/service.ts';
import {serviceStack} from '../process/frames.ts';
import type {Log} from '../process/log.ts';
import {onResponseEnd} from '../requests/response-end.ts';
import type {Settings} from '../settings/settings.ts';
import {type Exchange, httpExchange, rawExchange} from './exchange.ts';
import {fastRequests} from './fast-requests.ts';
import {requestHead} from './http-head.ts';
import {claimSlot, claimSlots, type FromThread, type SocketAddresses, type ToThread} from './messages.ts';
import {type PoolThread, startThread} from './pool.ts';

/** A thread that has not taken a request by then is busy, and the request is offered to other threads as well. */
const offerAgainMilliseconds = 2;

interface OpenRequest {
  readonly id: number;
  readonly exchange: Exchange;
  readonly message: ToThread & {readonly type: 'request'};
  readonly method: string;
  readonly url: string;
  readonly fast: boolean;
  readonly offered: Set<PoolThread>;
  /** The thread that serves it or was offered it last. */
  holder: PoolThread;
  begun: boolean;
}

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
 * its own copy of the service, handles requests. A request goes to the thread with the fewest. A thread that computes does
 * not take it; after 2 ms it is offered to the others as well, and the first free one takes it. One additional thread
 * serves only requests that have been fast so far, so that a health check does not wait behind handlers that compute.
 * @throws NotServable when a thread does not boot
 */
export async function threadService({
  settings,
  port,
  log,
  crashed,
  loaded,
}: ThreadServiceOptions): Promise<LoadedService> {
  const shared = new SharedArrayBuffer(4 * claimSlots);
  const claims = new Int32Array(shared);
  const requests = new Map<number, OpenRequest>();
  const fast = fastRequests();
  let threads: readonly PoolThread[] = [];
  let unclaimed: OpenRequest[] = [];
  let timer: NodeJS.Timeout | undefined;
  let lastId = 0;

  function choose(isFast: boolean, not: ReadonlySet<PoolThread>): PoolThread | undefined {
    let best: PoolThread | undefined;
    for (const thread of threads) {
      if (thread.index === settings.threads || not.has(thread)) continue;
      if (best === undefined || thread.load < best.load) best = thread;
    }
    const express =
      isFast && (best === undefined || best.load > 0)
        ? threads.find(({index}) => index === settings.threads)
        : undefined;
    return express === undefined || not.has(express) ? best : express;
  }

  function offer(open: OpenRequest, thread: PoolThread): void {
    open.holder.load -= 1;
    open.holder = thread;
    thread.load += 1;
    open.offered.add(thread);
    thread.send(open.message);
  }

  function offerAgain(): void {
    timer = undefined;
    unclaimed = unclaimed.filter((open) => {
      if (!requests.has(open.id) || Atomics.load(claims, claimSlot(open.id)) !== open.id) return false;
      const next = choose(open.fast, open.offered);
      if (next !== undefined) offer(open, next);
      return next !== undefined;
    });
    if (unclaimed.length > 0) timer = setTimeout(offerAgain, offerAgainMilliseconds);
  }

  function handle(
    request: IncomingMessage,
    make: (id: number) => Exchange,
    onEnd: (callback: () => void) => void,
    raw: boolean,
  ): void {
    const {method = 'GET', url = '/'} = request;
    const isFast = fast.isFast(method, url);
    const first = choose(isFast, new Set());
    // Ids wrap around below the maximum of a slot of `claims`.
    const id = (lastId = (lastId % 0x3fff_ffff) + 1);
    const exchange = make(id);
    if (first === undefined) return exchange.failed();
    const open: OpenRequest = {
      id,
      exchange,
      method,
      url,
      fast: isFast,
      offered: new Set([first]),
      holder: first,
      begun: false,
      message: {
        type: 'request',
        id,
        head: requestHead(request),
        addresses: addressesOf(request),
        body: hasBody(request.rawHeaders),
        raw,
      },
    };
    requests.set(id, open);
    Atomics.store(claims, claimSlot(id), id);
    first.load += 1;
    first.send(open.message);
    unclaimed.push(open);
    timer ??= setTimeout(offerAgain, offerAgainMilliseconds);
    onEnd(() => {
      if (!requests.has(id)) return;
      // A thread that has not taken it finds no id in its slot.
      if (Atomics.compareExchange(claims, claimSlot(id), id, 0) !== id) open.holder.send({type: 'disconnected', id});
      finish(open);
    });
  }

  function finish(open: OpenRequest): void {
    if (requests.delete(open.id)) open.holder.load -= 1;
  }

  function receive(thread: PoolThread, message: FromThread): void {
    if (message.type === 'file-loaded') return loaded(message.file);
    if (!('id' in message)) return;
    const open = requests.get(message.id);
    if (open === undefined) return;
    if (open.holder !== thread) {
      open.holder.load -= 1;
      open.holder = thread;
      thread.load += 1;
    }
    open.begun = true;
    const {exchange} = open;
    if (message.type === 'begun') exchange.begun(thread.send);
    else if (message.type === 'information') exchange.information(message.head);
    else if (message.type === 'taken') exchange.taken(message.bytes);
    else if (message.type === 'broken') {
      finish(open);
      exchange.broken();
    } else {
      if (message.end) {
        finish(open);
        fast.learn(open.method, open.url, message.cpu);
      }
      exchange.respond(message, thread.send);
    }
  }

  function onStuck(stack: string | undefined): void {
    log('error', 'worker_stuck', {
      worker: process.pid,
      message: `event loop of pool thread blocked for ${settings.timeout} s; terminating the thread`,
      fix: '--timeout sets the limit',
      ...(stack === undefined ? {} : {stack}),
    });
  }

  function onCrash(thread: PoolThread, error: unknown): void {
    threads = threads.filter((other) => other !== thread);
    log('error', 'thread_crashed', {
      message: `pool thread crashed: ${messageOf(error)}`,
      ...(error instanceof Error && error.stack?.includes('\n    at ') === true
        ? {stack: serviceStack(error.stack)}
        : {}),
    });
    for (const open of requests.values()) {
      // A request that it had taken is lost; another thread can take one that it was only offered.
      if (Atomics.load(claims, claimSlot(open.id)) === open.id || open.holder !== thread) continue;
      finish(open);
      open.exchange.failed();
    }
    if (threads.length === 0) process.exit(1);
    crashed();
  }

  const all = Array.from({length: settings.threads + 1}, (_, index) =>
    startThread({settings, port, index, claims: shared, onMessage: receive, onStuck, onCrash}),
  );
  const failure = (await Promise.all(all.map(({booted}) => booted))).find((found) => found !== undefined);
  if (failure !== undefined) throw new NotServable(failure);
  threads = all;
  const server = createServer((request, response: ServerResponse) =>
    handle(
      request,
      (id) => httpExchange(id, request, response),
      (callback) => onResponseEnd(request, response, callback),
      false,
    ),
  );
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
    handle(
      request,
      (id) => rawExchange(id, socket, head),
      (callback) => void socket.once('close', callback),
      true,
    ),
  );
  return {
    server,
    others: [],
    listens: false,
    metrics: () => Promise.all(threads.map((thread) => thread.metrics())),
    close: async () => void (await Promise.all(threads.map((thread) => thread.close()))),
  };
}

function addressesOf({socket}: IncomingMessage): SocketAddresses {
  const {remoteAddress, remotePort, remoteFamily, localAddress, localPort} = socket;
  return {remoteAddress, remotePort, remoteFamily, localAddress, localPort};
}

function hasBody(raw: readonly string[]): boolean {
  return raw.some(
    (name, index) =>
      index % 2 === 0 &&
      ((name.length === 14 && name.toLowerCase() === 'content-length') ||
        (name.length === 17 && name.toLowerCase() === 'transfer-encoding')),
  );
}
