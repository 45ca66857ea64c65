import {setImmediate as nextTurn, setTimeout as sleep} from 'node:timers/promises';
import type {Log} from '../process/log.ts';
import type {DrainOrder} from '../process/messages.ts';
import type {DrainLimits} from './drain.ts';
import type {Serving} from './server.ts';

/** The end of a worker. */
export interface Leave {
  /** Drains, then ends the process. An order for a worker that drains already can only shorten it. */
  readonly drain: (order: DrainOrder) => void;
  /** Ends the process now, after the service's own handlers of the signal. */
  readonly quit: (signal: NodeJS.Signals) => void;
  /** The process is to end with this code, after the drain. The service's own handlers of SIGTERM do not run then. */
  readonly failed: (code: number) => void;
}

export interface LeaveOptions {
  /** Undefined while the service loads. */
  readonly serving: () => Serving | undefined;
  /** Resolves when the arbiter has closed the listening socket. */
  readonly socketClosed: Promise<void>;
  readonly notAccepting: () => void;
  /** Sends the service's own metrics once more: counts since the last scrape stay in the totals. */
  readonly lastMetrics: () => Promise<void>;
  /** Gives the service's own handlers of a signal back to it. */
  readonly release: (signal: NodeJS.Signals) => void;
  /** Sends the last report, if it has not been sent. */
  readonly report: (sent: () => void) => void;
  readonly log: Log;
}

/** Time limit of the service's own handlers, after the last response. */
const ownEndMilliseconds = 5000;
/** Nothing is awaited on SIGINT; the arbiter kills after a second. */
const ownQuitMilliseconds = 500;
const lastMetricsMilliseconds = 1000;

/** Ends a worker: connections first, then the application, then the service's own signal handlers. */
export function leave({serving, socketClosed, notAccepting, lastMetrics, release, report, log}: LeaveOptions): Leave {
  let limits: DrainLimits | undefined;
  let exitCode = 0;
  const end = (): void => report(() => process.exit(exitCode));

  function stay(current: DrainLimits): void {
    current.stays = true;
    // Not sooner: connections from the accept queue are served as soon as it is closed.
    void socketClosed.then(() => nextTurn()).then(() => (current.stays = false));
  }
  function shorten(current: DrainLimits, {limit, responses, last}: DrainOrder): void {
    current.limitAt = Math.min(current.limitAt, Date.now() + limit * 1000);
    current.responsesAt = Math.min(current.responsesAt, Date.now() + responses * 1000);
    // It can be asked to clear the accept queue from now on.
    if (last) stay(current);
  }
  async function drain(order: DrainOrder): Promise<void> {
    if (limits !== undefined) return shorten(limits, order);
    const now = Date.now();
    const current = {limitAt: now + order.limit * 1000, responsesAt: now + order.responses * 1000, stays: false};
    limits = current;
    if (order.last) stay(current);
    const service = serving();
    if (service === undefined) return end();
    // Only with a delay, when the whole server stops: a 503 from one recycled worker would take the server out of a balancer.
    if (order.delay > 0) {
      service.notReady();
      await sleep(order.delay * 1000);
    }
    const count = await service.drain(order, current, order.last ? socketClosed : Promise.resolve(), notAccepting);
    if (count > 0)
      log('warning', 'connections_cut', {
        connections: count,
        message: `closed ${count} connections that were still open after ${Math.round((Date.now() - now) / 100) / 10} s`,
        fix: '--graceful-timeout sets the limit',
      });
    if (exitCode !== 0) return end();
    // A worker that was replaced has all the time; one whose end is awaited has what is left.
    const left = (): number =>
      Math.max(100, Math.min(ownEndMilliseconds, (order.last ? current.limitAt : current.responsesAt) - Date.now()));
    await Promise.race([lastMetrics(), sleep(Math.min(lastMetricsMilliseconds, left()))]);
    await Promise.race([service.close(), sleep(left())]);
    runOwnHandlers('SIGTERM', left());
  }

  /** Runs the service's own handlers, for example to close a connection pool; they may end the process. */
  function runOwnHandlers(signal: NodeJS.Signals, milliseconds: number): void {
    release(signal);
    if (process.listenerCount(signal) === 0) return end();
    // They can end the process without a further turn.
    report(() => {});
    setTimeout(end, milliseconds).unref();
    // With nothing left in the event loop, the service has closed everything.
    process.once('beforeExit', end);
    process.channel?.unref();
    process.emit(signal, signal);
  }

  return {
    drain: (order) => void drain(order),
    quit: (signal) => runOwnHandlers(signal, ownQuitMilliseconds),
    failed: (code) => {
      exitCode = code;
    },
  };
}
