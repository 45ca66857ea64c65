import type {IncomingMessage} from 'node:http';
import {chooseThread} from './choice.ts';
import {type Connection, trackedConnections} from './connections.ts';
import {fastMilliseconds, requestCosts} from './costs.ts';
import type {Exchange} from './exchange.ts';
import {claimOf, claimSlot, claimSlots, type FromThread, type ToThread} from './messages.ts';
import type {PoolThread} from './pool.ts';

/** A thread that has not taken a request by then is busy, and the request is offered to other threads as well. */
const offerAgainMilliseconds = 2;

/** A request between its arrival and the end of its exchange. */
export interface OpenRequest {
  readonly id: number;
  readonly request: IncomingMessage;
  readonly exchange: Exchange;
  readonly method: string;
  readonly url: string;
  readonly connection: Connection;
  /** Milliseconds of CPU time that it is still expected to need; 0 once its response has begun. */
  cost: number;
  message: ToThread | undefined;
  readonly offered: PoolThread[];
  /** The thread that it was offered to last; the one that took it, from its first message on. */
  holder: PoolThread | undefined;
  taken: boolean;
  /** Number of batches that the holder had sent when this was looked at last. */
  seen: number;
}

/** The threads of a worker. */
export interface Pool {
  /** Those that take requests. */
  ready: readonly PoolThread[];
  /** Those with an uncaught error, which still serve what they have taken. */
  failing: readonly PoolThread[];
}

export interface Dispatcher {
  /** Offers a request to a thread at the end of this turn of the loop. */
  readonly open: (request: IncomingMessage, exchange: (id: number) => Exchange) => OpenRequest;
  /** A message about a request. */
  readonly receive: (thread: PoolThread, message: FromThread & {readonly id: number}) => void;
  /** The client has disconnected, or everything is sent. */
  readonly close: (opened: OpenRequest) => void;
  /** The handler of a request has failed. */
  readonly fail: (id: number) => void;
  /** The thread that serves a request, or that it was offered to last. */
  readonly threadOf: (request: IncomingMessage) => PoolThread | undefined;
  /** A thread has ended: the requests that it had taken are lost; other threads can take those it was only offered. */
  readonly abandon: (thread: PoolThread) => void;
}

/**
 * Distributes requests to threads, in batches. A thread that computes does not take a request; after 2 ms it is offered to
 * another one as well, and the first of them that is free takes it.
 * @param claims a slot for each waiting request, @see ThreadData
 * @param express index of the thread for fast requests only
 */
export function dispatcher(pool: Pool, claims: SharedArrayBuffer, express: number): Dispatcher {
  const slots = new Int32Array(claims);
  const requests = new Map<number, OpenRequest>();
  const costs = requestCosts();
  const connectionOf = trackedConnections();
  let fresh: OpenRequest[] = [];
  let unclaimed: OpenRequest[] = [];
  let timer: NodeJS.Timeout | undefined;
  let lastId = 0;

  const isUnclaimed = ({id}: OpenRequest): boolean => Atomics.load(slots, claimSlot(id)) === id;

  /** The thread that has taken it. */
  function takerOf({id, taken, holder, offered}: OpenRequest): PoolThread | undefined {
    if (taken) return holder;
    const claim = Atomics.load(slots, claimSlot(id));
    if (claim >= 0) return claim === id ? undefined : holder;
    return offered.find(({index}) => claimOf(index) === claim) ?? holder;
  }

  function hold(opened: OpenRequest, thread: PoolThread | undefined): void {
    if (opened.holder !== undefined) opened.holder.cost -= opened.cost;
    opened.holder = thread;
    if (thread !== undefined) thread.cost += opened.cost;
  }

  function finish(opened: OpenRequest): void {
    if (requests.delete(opened.id)) hold(opened, undefined);
  }

  function failed(opened: OpenRequest): void {
    finish(opened);
    opened.exchange.failed();
  }

  function offer(opened: OpenRequest, thread: PoolThread): void {
    hold(opened, thread);
    opened.offered.push(thread);
    opened.seen = thread.batches;
    thread.send(
      (opened.message ??= {
        type: 'request',
        id: opened.id,
        ...opened.exchange.offer(),
        connection: opened.connection.id,
        addresses: opened.connection.addresses,
        fast: opened.cost < fastMilliseconds,
      }),
    );
  }

  /** Offers the requests that arrived in this turn of the loop, all that go to a thread in one batch. */
  function offerAll(): void {
    const all = fresh;
    fresh = [];
    for (const opened of all) {
      if (!requests.has(opened.id)) continue;
      const thread = chooseThread(pool.ready, express, opened.cost) ?? pool.failing[0];
      if (thread === undefined) {
        failed(opened);
        continue;
      }
      Atomics.store(slots, claimSlot(opened.id), opened.id);
      offer(opened, thread);
      unclaimed.push(opened);
    }
    for (const thread of pool.ready) thread.flush();
    if (unclaimed.length > 0) timer ??= setTimeout(offerAgain, offerAgainMilliseconds);
  }

  function offerAgain(): void {
    timer = undefined;
    unclaimed = unclaimed.filter((opened) => {
      if (!requests.has(opened.id) || !isUnclaimed(opened)) return false;
      // It works through what came before.
      if (opened.holder !== undefined && opened.holder.batches !== opened.seen) {
        opened.seen = opened.holder.batches;
        return true;
      }
      const next = chooseThread(pool.ready, express, opened.cost, opened.offered);
      if (next !== undefined) offer(opened, next);
      return next !== undefined;
    });
    if (unclaimed.length > 0) timer = setTimeout(offerAgain, offerAgainMilliseconds);
  }

  return {
    open: (request, exchange) => {
      const {method = 'GET', url = '/', socket} = request;
      // Ids wrap around below the maximum of a slot.
      lastId = (lastId % 0x3fff_ffff) + 1;
      const opened: OpenRequest = {
        id: lastId,
        request,
        exchange: exchange(lastId),
        method,
        url,
        connection: connectionOf(socket),
        cost: costs.estimate(method, url),
        message: undefined,
        offered: [],
        holder: undefined,
        taken: false,
        seen: 0,
      };
      requests.set(lastId, opened);
      if (fresh.length === 0) setImmediate(offerAll);
      fresh.push(opened);
      return opened;
    },
    receive: (thread, message) => {
      const opened = requests.get(message.id);
      if (opened === undefined) return;
      if (opened.holder !== thread) hold(opened, thread);
      opened.taken = true;
      const {exchange, connection} = opened;
      if (!connection.threads.includes(thread)) connection.threads.push(thread);
      if (message.type === 'begun') exchange.begun(thread.send);
      else if (message.type === 'information') exchange.information(message.text);
      else if (message.type === 'taken') exchange.taken(message.bytes);
      else if (message.type === 'broken') {
        finish(opened);
        exchange.broken();
      } else if (message.type === 'response') {
        // A stream can stay open for hours.
        thread.cost -= opened.cost;
        opened.cost = 0;
        exchange.respond(message, thread.send);
        // The thread has closed its socket itself.
        if (message.head?.last === true) connection.threads.splice(connection.threads.indexOf(thread), 1);
        if (!message.end) return;
        costs.learn(opened.method, opened.url, message.cpu);
        if (exchange.isOver()) finish(opened);
      }
    },
    close: (opened) => {
      const {id} = opened;
      // A thread that has not taken it finds no id in its slot.
      if (requests.has(id) && !opened.exchange.isOver() && Atomics.compareExchange(slots, claimSlot(id), id, 0) !== id)
        takerOf(opened)?.send({type: 'disconnected', id});
      finish(opened);
    },
    fail: (id) => {
      const opened = requests.get(id);
      if (opened === undefined) return;
      takerOf(opened)?.send({type: 'disconnected', id});
      failed(opened);
    },
    threadOf: (request) => {
      for (const opened of requests.values()) if (opened.request === request) return takerOf(opened);
      return undefined;
    },
    abandon: (thread) => {
      for (const opened of requests.values()) if (takerOf(opened) === thread) failed(opened);
    },
  };
}

/** The memory for `claims`. */
export const claimMemory = (): SharedArrayBuffer => new SharedArrayBuffer(4 * claimSlots);
