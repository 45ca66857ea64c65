import type {BootFailure} from '../process/messages.ts';
import {heapWarning} from '../settings/limits.ts';
import {boundTexts} from './socket.ts';
import {activeWorkers, type ArbiterState, isStopping, replacedOrder} from './state.ts';
import {fail} from './stop.ts';
import {ageOf, type Worker} from './workers.ts';

const maxFailedBoots = 3;

/** Starts and retires workers until there are as many as there should be. */
export function reconcile(state: ArbiterState): void {
  const {workers, settings, target} = state;
  if (isStopping(state) || state.halted || state.backoffTimer !== undefined) return;
  const active = activeWorkers(state);
  // The first one boots alone until it loads the service: with few CPUs, it answers sooner.
  const wanted = state.bootsAlone ? Math.min(1, target) : target;
  for (let count = active.length; count < wanted; count += 1) void boot(state);
  // Those with the highest numbers, so that 0 to target - 1 stay; of two with the same number, the older one.
  const surplus = [...active].sort((one, other) => other.number - one.number);
  for (const worker of surplus.slice(0, Math.max(0, active.length - target)))
    workers.retire(worker, 'fewer workers', replacedOrder(settings));
}

/** Reconciles after the backoff, during which no worker is started. */
export function reconcileAfter(state: ArbiterState, milliseconds: number): void {
  clearTimeout(state.backoffTimer);
  state.backoffTimer = setTimeout(() => {
    state.backoffTimer = undefined;
    reconcile(state);
  }, milliseconds);
}

async function boot(state: ArbiterState): Promise<void> {
  const worker = state.workers.spawn(false);
  if ('exitCode' in worker) return bootFailed(state, worker);
  const failure = await worker.booted;
  if (failure === undefined) bootSucceeded(state, worker);
  else if (worker.exitReason === undefined && !isStopping(state)) bootFailed(state, failure);
}

/** Logs a worker that is ready. With the first one, the server listens. */
export function bootSucceeded(state: ArbiterState, worker: Worker): void {
  const {settings, sockets, log, target} = state;
  state.failedBoots = 0;
  log('info', 'worker_ready', {worker: worker.pid, seconds: ageOf(worker)});
  if (state.phase !== 'starting') return;
  state.phase = 'serving';
  log('info', 'listening', {
    bind: boundTexts(sockets),
    ...(sockets[0]?.port === undefined ? {} : {port: sockets[0].port}),
    workers: target,
    worker_class: settings.workerClass,
  });
  state.listening.resolve(undefined);
}

/**
 * Ends the server if it never served, or if no worker is ready after three failed boots in a row. Otherwise tries again
 * after the backoff: the other workers serve meanwhile, and the cause may be temporary.
 */
export function bootFailed(state: ArbiterState, failure: BootFailure): void {
  const {exitCode, ...fields} = failure;
  state.failedBoots += 1;
  state.log('error', 'worker_failed', fields);
  if (state.settings.reload) {
    state.halted = true;
    return;
  }
  const isServing = state.workers.all().some((worker) => worker.state === 'ready');
  if (state.phase === 'starting' || (state.failedBoots >= maxFailedBoots && !isServing)) {
    state.listening.resolve(failure);
    return fail(state, exitCode);
  }
  reconcileAfter(state, state.crashes.crashed(0));
}

/** TTIN, TTOU: one worker more, one fewer; at least one. */
export function scale(state: ArbiterState, by: 1 | -1): void {
  if (isStopping(state)) return;
  setTarget(state, Math.max(1, state.target + by));
}

/** WINCH: no workers; connections wait in the accept queue. */
export function rest(state: ArbiterState): void {
  if (isStopping(state)) return;
  setTarget(state, 0);
}

/** A reload ends a rest. */
export function wake(state: ArbiterState): void {
  if (state.target === 0) state.target = state.settings.workers;
  reconcile(state);
}

function setTarget(state: ArbiterState, target: number): void {
  state.target = target;
  state.log('info', 'scaled', {workers: target});
  const heaps = target > state.settings.workers ? heapWarning(state.settings, target) : undefined;
  if (heaps !== undefined) state.log('warning', 'heaps_exceed_memory', heaps);
  reconcile(state);
}

/** Replaces all workers at once, on a laptop: the old ones stop accepting, and requests wait for the new ones. */
export function restart(state: ArbiterState): void {
  if (isStopping(state)) return;
  state.halted = false;
  clearTimeout(state.backoffTimer);
  state.backoffTimer = undefined;
  for (const worker of state.workers.all())
    if (worker.state !== 'leaving')
      state.workers.retire(worker, 'reload', {limit: 1, responses: 1, delay: 0, idle: 0.2, last: false});
  reconcile(state);
}
