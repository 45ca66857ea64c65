import {setTimeout as sleep} from 'node:timers/promises';
import {exitCode} from '../../errors.ts';
import type {BootFailure} from '../process/messages.ts';
import {bootSucceeded, reconcile, wake} from './reconcile.ts';
import {activeWorkers, type ArbiterState, drainOrder, isStopping} from './state.ts';
import {roundSeconds, type Worker} from './workers.ts';

const bootSeconds = 60;

/** Replaces workers while the server keeps running. */
export interface RollingRestart {
  /** Replaces a worker that has reached max-requests or max-rss, or lost a thread. */
  readonly recycle: (worker: Worker, reason: string) => void;
  /**
   * Replaces every worker, one after the other. A call during a reload queues one more; calls during that one share it.
   * Resolves with the failure when the new code does not boot, with undefined when all workers are replaced or the
   * server stops. Never rejects.
   */
  readonly reload: (signal: string) => Promise<BootFailure | undefined>;
  /** Forgets a worker that has exited. */
  readonly forget: (worker: Worker) => void;
}

/** One replacement at a time: the new worker is ready before the old one drains. */
export function rollingRestart(state: ArbiterState): RollingRestart {
  const recycled = new Set<Worker>();
  let queuedReload: Promise<BootFailure | undefined> | undefined;
  let queue: Promise<unknown> = Promise.resolve();
  function enqueue<T>(job: () => Promise<T>): Promise<T> {
    const result = queue.then(job);
    queue = result;
    return result;
  }

  async function recycle(worker: Worker, reason: string): Promise<void> {
    // No more than the target drain at a time, however long they take.
    while (!isStopping(state) && leavingCount(state) >= state.target) await sleep(200);
    if ((await replace(state, worker, reason)) !== undefined) recycled.delete(worker);
  }

  return {
    recycle: (worker, reason) => {
      if (isStopping(state) || recycled.has(worker)) return;
      recycled.add(worker);
      void enqueue(() => recycle(worker, reason));
    },
    reload: (signal) => {
      if (isStopping(state)) return Promise.resolve(undefined);
      queuedReload ??= enqueue(() => {
        queuedReload = undefined;
        return reloadAll(state, signal);
      });
      return queuedReload;
    },
    forget: (worker) => recycled.delete(worker),
  };
}

function leavingCount({workers}: ArbiterState): number {
  return workers.all().filter((worker) => worker.state === 'leaving').length;
}

/** Starts a new worker in place of an old one. Returns the failure when it does not boot: then the old one stays. */
async function replace(state: ArbiterState, old: Worker, reason: string): Promise<BootFailure | undefined> {
  if (isStopping(state) || !activeWorkers(state).includes(old)) return undefined;
  const worker = state.workers.spawn(true, old.number);
  if ('exitCode' in worker) return keep(state, old, worker);
  const late = {message: `the new worker was not ready after ${bootSeconds} s`, exitCode: exitCode.notBooted};
  const failure = await Promise.race([worker.booted, sleep(bootSeconds * 1000, late, {ref: false})]);
  if (isStopping(state)) return undefined;
  worker.isReplacement = false;
  if (failure !== undefined) {
    worker.exitReason = 'boot';
    worker.kill('SIGKILL');
    return keep(state, old, failure);
  }
  bootSucceeded(state, worker);
  if (activeWorkers(state).includes(old)) state.workers.retire(old, reason, drainOrder(state.settings));
  await old.notAccepting;
  reconcile(state);
  return undefined;
}

function keep({log}: ArbiterState, old: Worker, failure: BootFailure): BootFailure {
  const {exitCode: _, ...fields} = failure;
  log('error', 'worker_failed', {...fields, kept: old.pid});
  return failure;
}

async function reloadAll(state: ArbiterState, signal: string): Promise<BootFailure | undefined> {
  const {log} = state;
  if (isStopping(state)) return undefined;
  const started = process.uptime();
  const old = activeWorkers(state);
  log('info', 'reloading', {signal, workers: old.length});
  wake(state);
  for (const worker of old) {
    const failure = await replace(state, worker, 'reload');
    if (failure === undefined) continue;
    log('error', 'reload_failed', {message: 'the new code does not boot; the old workers keep serving'});
    return failure;
  }
  await Promise.all(old.map((worker) => worker.exited));
  if (!isStopping(state))
    log('info', 'reloaded', {
      seconds: roundSeconds(process.uptime() - started),
      workers: activeWorkers(state).length,
    });
  return undefined;
}
