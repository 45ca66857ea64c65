import {setTimeout as sleep} from 'node:timers/promises';
import {exitCode} from '../../errors.ts';
import type {BootFailure} from '../process/messages.ts';
import {backoff, type Backoff} from './backoff.ts';
import {bootSucceeded, reconcile, wake} from './reconcile.ts';
import {activeWorkers, type ArbiterState, drainOrder, isStopping, replacedOrder} from './state.ts';
import {roundSeconds, type Worker} from './workers.ts';

const bootSeconds = 60;
const maxTries = 5;

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
  const recurring: Readonly<Record<string, Backoff>> = {'handler-timeout': backoff(), thread: backoff()};
  let queuedReload: Promise<BootFailure | undefined> | undefined;
  let queue: Promise<unknown> = Promise.resolve();
  let recycles: Promise<unknown> = Promise.resolve();
  function enqueue<T>(job: () => Promise<T>): Promise<T> {
    const result = queue.then(job);
    queue = result;
    return result;
  }

  async function recycle(worker: Worker, reason: string): Promise<void> {
    const failures = backoff();
    for (let delay = 0; ; delay = failures.crashed(0)) {
      await pause(delay);
      // No more than the target drain at a time, however long they take. A reload does not wait for that.
      while (activeWorkers(state).includes(worker) && leavingCount(state) >= state.target) await pause(200);
      const failure = await enqueue(() => replace(state, worker, reason));
      // The cause can be temporary, such as a database that is down, and the worker asks only once.
      if (failure === undefined || isStopping(state)) return;
    }
  }

  return {
    recycle: (worker, reason) => {
      if (isStopping(state) || recycled.has(worker)) return;
      recycled.add(worker);
      // Clients decide how often handlers hang and crash: they must not be able to keep the server busy with starts of workers.
      const delay = recurring[reason]?.crashed(0) ?? 0;
      if (reason === 'thread' && recurring[reason]?.isLoop() === true)
        state.log('error', 'crash_loop', {
          message: `${recurring[reason].streak()} threads crashed soon after one another; the delay before each replacement of a worker grows`,
        });
      const first = recycles;
      recycles = pause(delay)
        .then(() => first)
        .then(() => recycle(worker, reason));
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

async function pause(milliseconds: number): Promise<void> {
  if (milliseconds > 0) await sleep(milliseconds, undefined, {ref: false});
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
  if (activeWorkers(state).includes(old)) state.workers.retire(old, reason, replacedOrder(state.settings));
  await old.notAccepting;
  reconcile(state);
  return undefined;
}

function keep({log}: ArbiterState, old: Worker, failure: BootFailure): BootFailure {
  const {exitCode: _, ...fields} = failure;
  log('error', 'worker_failed', {...fields, kept: old.pid});
  return failure;
}

/** Once a worker with the new code has booted, a failed boot has a temporary cause: with two versions, giving up is worse. */
async function replaceInReload(state: ArbiterState, old: Worker, retry: boolean): Promise<BootFailure | undefined> {
  const failures = backoff();
  for (let tries = 1; ; tries += 1) {
    const failure = await replace(state, old, 'reload');
    if (failure === undefined || !retry || tries === maxTries) return failure;
    await pause(failures.crashed(0));
  }
}

/**
 * Makes room for workers that a reload replaces: those that still answer long requests of earlier reloads get the graceful
 * timeout, the oldest first, so that no more than twice the workers exist.
 */
function limitLeaving(state: ArbiterState, count: number): void {
  const leaving = state.workers.all().filter((worker) => worker.state === 'leaving');
  const excess = leaving.length + count - Math.max(state.target, state.settings.workers);
  for (const worker of leaving.slice(0, Math.max(0, excess)))
    state.workers.retire(worker, 'reload', drainOrder(state.settings));
}

async function reloadAll(state: ArbiterState, signal: string): Promise<BootFailure | undefined> {
  const {log} = state;
  if (isStopping(state)) return undefined;
  const started = process.uptime();
  const old = activeWorkers(state);
  log('info', 'reloading', {signal, workers: old.length});
  wake(state);
  limitLeaving(state, old.length);
  for (const [index, worker] of old.entries()) {
    const failure = await replaceInReload(state, worker, index > 0);
    if (failure === undefined) continue;
    log('error', 'reload_failed', {message: 'the new code does not boot; the old workers keep serving'});
    return failure;
  }
  // A response that takes longer keeps its old worker, but not the reload.
  await Promise.race([Promise.all(old.map((worker) => worker.exited)), pause(state.settings.gracefulTimeout * 1000)]);
  if (!isStopping(state))
    log('info', 'reloaded', {
      seconds: roundSeconds(process.uptime() - started),
      workers: activeWorkers(state).length,
    });
  return undefined;
}
