import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import type {Duplex} from 'node:stream';
import {messageOf} from '../../errors.ts';
import {NotServable, type Service} from '../load/service.ts';
import {serviceStack} from '../process/frames.ts';
import type {Log} from '../process/log.ts';
import {whenAnswerIsOver} from '../requests/answer-over.ts';
import type {Settings} from '../settings/settings.ts';
import {type Exchange, httpExchange, rawExchange} from './exchange.ts';
import {quickRequests} from './fast-path.ts';
import {requestHead} from './head.ts';
import {claimPlace, claimPlaces, type Ends, type FromThread, type ToThread} from './messages.ts';
import {type PoolThread, startThread} from './pool.ts';

/** A thread that has not begun a request after so long is busy: another one is offered it as well. */
const patienceMilliseconds = 2;

interface Waiting {
  readonly id: number;
  readonly exchange: Exchange;
  readonly message: ToThread & {readonly type: 'request'};
  readonly method: string;
  readonly url: string;
  readonly quick: boolean;
  readonly offered: Set<PoolThread>;
  /** Has it, or was offered it last. */
  holder: PoolThread;
  begun: boolean;
}

export interface PoolFacts {
  readonly settings: Settings;
  readonly port: number | undefined;
  readonly log: Log;
  readonly crashed: () => void;
  readonly loaded: (file: string) => void;
}

/**
 * The worker class `threads`: the loop speaks HTTP and runs no code of the service; a pool of threads, each with a copy
 * of the service, serves. A request goes to the thread with the fewest; a thread that computes does not take it, and
 * after a moment it is offered to the others as well: whoever is free first has it. One thread more than `--threads`
 * is for requests that have been quick so far, so that a health check need not wait behind handlers that compute.
 */
export async function threadService({settings, port, log, crashed, loaded}: PoolFacts): Promise<Service> {
  const shared = new SharedArrayBuffer(4 * claimPlaces);
  const claims = new Int32Array(shared);
  const exchanges = new Map<number, Waiting>();
  const quick = quickRequests();
  let threads: readonly PoolThread[] = [];
  let unclaimed: Waiting[] = [];
  let timer: NodeJS.Timeout | undefined;
  let lastId = 0;

  function choose(isQuick: boolean, not: ReadonlySet<PoolThread>): PoolThread | undefined {
    let best: PoolThread | undefined;
    for (const thread of threads) {
      if (thread.index === settings.threads || not.has(thread)) continue;
      if (best === undefined || thread.load < best.load) best = thread;
    }
    const express =
      isQuick && (best === undefined || best.load > 0)
        ? threads.find(({index}) => index === settings.threads)
        : undefined;
    return express === undefined || not.has(express) ? best : express;
  }

  function offer(waiting: Waiting, thread: PoolThread): void {
    waiting.holder.load -= 1;
    waiting.holder = thread;
    thread.load += 1;
    waiting.offered.add(thread);
    thread.send(waiting.message);
  }

  function offerAgain(): void {
    timer = undefined;
    unclaimed = unclaimed.filter((waiting) => {
      if (!exchanges.has(waiting.id) || Atomics.load(claims, claimPlace(waiting.id)) !== waiting.id) return false;
      const next = choose(waiting.quick, waiting.offered);
      if (next !== undefined) offer(waiting, next);
      return next !== undefined;
    });
    if (unclaimed.length > 0) timer = setTimeout(offerAgain, patienceMilliseconds);
  }

  function hand(
    request: IncomingMessage,
    make: (id: number) => Exchange,
    whenOver: (call: () => void) => void,
    raw: boolean,
  ): void {
    const {method = 'GET', url = '/'} = request;
    const isQuick = quick.isQuick(method, url);
    const first = choose(isQuick, new Set());
    // Ids go round below what a place of `claims` can hold.
    const id = (lastId = (lastId % 0x3fff_ffff) + 1);
    const exchange = make(id);
    if (first === undefined) return exchange.failed();
    const waiting: Waiting = {
      id,
      exchange,
      method,
      url,
      quick: isQuick,
      offered: new Set([first]),
      holder: first,
      begun: false,
      message: {
        type: 'request',
        id,
        head: requestHead(request),
        ends: endsOf(request),
        body: hasBody(request.rawHeaders),
        raw,
      },
    };
    exchanges.set(id, waiting);
    Atomics.store(claims, claimPlace(id), id);
    first.load += 1;
    first.send(waiting.message);
    unclaimed.push(waiting);
    timer ??= setTimeout(offerAgain, patienceMilliseconds);
    whenOver(() => {
      if (!exchanges.has(id)) return;
      // Where no thread has begun it, none will.
      if (Atomics.compareExchange(claims, claimPlace(id), id, 0) !== id) waiting.holder.send({type: 'gone', id});
      over(waiting);
    });
  }

  function over(waiting: Waiting): void {
    if (exchanges.delete(waiting.id)) waiting.holder.load -= 1;
  }

  function heard(thread: PoolThread, message: FromThread): void {
    if (message.type === 'loaded') return loaded(message.file);
    if (!('id' in message)) return;
    const waiting = exchanges.get(message.id);
    if (waiting === undefined) return;
    if (waiting.holder !== thread) {
      waiting.holder.load -= 1;
      waiting.holder = thread;
      thread.load += 1;
    }
    waiting.begun = true;
    const {exchange} = waiting;
    if (message.type === 'begun') exchange.begun(thread.send);
    else if (message.type === 'information') exchange.information(message.head);
    else if (message.type === 'taken') exchange.taken(message.bytes);
    else if (message.type === 'broken') {
      over(waiting);
      exchange.broken();
    } else {
      if (message.end) {
        over(waiting);
        quick.learn(waiting.method, waiting.url, message.cpu);
      }
      exchange.answer(message, thread.send);
    }
  }

  function threadStuck(stack: string | undefined): void {
    log('error', 'worker_stuck', {
      worker: process.pid,
      message: `a thread of the pool has not turned its loop for ${settings.timeout} s: it is ended`,
      fix: '--timeout sets the limit',
      ...(stack === undefined ? {} : {stack}),
    });
  }

  function threadCrashed(thread: PoolThread, error: unknown): void {
    threads = threads.filter((other) => other !== thread);
    log('error', 'thread_crashed', {
      message: `a thread of the pool ended: ${messageOf(error)}`,
      ...(error instanceof Error && error.stack?.includes('\n    at ') === true
        ? {stack: serviceStack(error.stack)}
        : {}),
    });
    for (const waiting of exchanges.values()) {
      // What it had begun is lost; what it was only offered, another one may take.
      if (Atomics.load(claims, claimPlace(waiting.id)) === waiting.id || waiting.holder !== thread) continue;
      over(waiting);
      waiting.exchange.failed();
    }
    if (threads.length === 0) process.exit(1);
    crashed();
  }

  const all = Array.from({length: settings.threads + 1}, (_, index) =>
    startThread({settings, port, index, claims: shared, heard, stuck: threadStuck, crashed: threadCrashed}),
  );
  const failure = (await Promise.all(all.map(({booted}) => booted))).find((found) => found !== undefined);
  if (failure !== undefined) throw new NotServable(failure);
  threads = all;
  const server = createServer((request, response: ServerResponse) =>
    hand(
      request,
      (id) => httpExchange(id, request, response),
      (call) => whenAnswerIsOver(request, response, call),
      false,
    ),
  );
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
    hand(
      request,
      (id) => rawExchange(id, socket, head),
      (call) => void socket.once('close', call),
      true,
    ),
  );
  return {
    server,
    others: [],
    listens: false,
    close: async () => void (await Promise.all(threads.map((thread) => thread.close()))),
  };
}

function endsOf({socket}: IncomingMessage): Ends {
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
