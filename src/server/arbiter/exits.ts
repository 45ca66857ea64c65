import {reconcile, reconcileAfter} from './reconcile.ts';
import {type ArbiterState, crashOrder, drainOrder, isStopping} from './state.ts';
import {ageOf, type Crash, exitText, type Worker, type WorkerExit} from './workers.ts';

/**
 * Why a worker exited: the arbiter's reason to end it, else `signal` (it received TERM itself), `exit` (the service ended
 * its process without an error) or `crash`.
 */
export function exitReason(
  {exitReason: reason, state}: Pick<Worker, 'exitReason' | 'state'>,
  exit: WorkerExit,
): string {
  if (reason !== undefined) return reason;
  if (exit.code !== 0) return 'crash';
  return state === 'leaving' ? 'signal' : 'exit';
}

/** A signal to the whole process group has reached the arbiter by then as well. */
const groupMilliseconds = 500;

/** A worker got TERM. If the arbiter got it as well, everything is under way; else this worker drains and is replaced. */
export function workerTerminated(state: ArbiterState, worker: Worker): void {
  setTimeout(() => {
    if (!isStopping(state) && state.workers.all().includes(worker))
      state.workers.retire(worker, 'signal', drainOrder(state.settings));
  }, groupMilliseconds).unref();
}

/** A worker has an uncaught exception: it leaves, and counts as crashed from now on. Its replacement does not wait for its exit. */
export function workerCrashing(state: ArbiterState, worker: Worker): void {
  if (worker.exitReason !== undefined || isStopping(state)) return;
  state.workers.retire(worker, 'crash', crashOrder(state.settings));
  worker.crash = countCrash(state, worker);
  reconcileAfter(state, worker.crash.delay);
}

function countCrash({crashes}: ArbiterState, {startedAt}: Worker): Crash {
  const delay = crashes.crashed((process.uptime() - startedAt) * 1000);
  return {delay, isLoop: crashes.isLoop()};
}

/** Logs an exit and replaces the worker: at once, or after the backoff when it crashed. */
export function workerExited(state: ArbiterState, worker: Worker, exit: WorkerExit): void {
  const {log, crashes} = state;
  // The caller of `start` reports a failed boot.
  if (worker.state === 'booting' && worker.exitReason === undefined) return;
  const reason = exitReason(worker, exit);
  const fields = {worker: worker.pid, reason, code: exit.code, signal: exit.signal, seconds: ageOf(worker)};
  const failed = reason === 'crash' || reason === 'exit';
  if (!failed || isStopping(state)) {
    log('info', 'worker_exited', fields);
    return reconcile(state);
  }
  const {delay, isLoop} = worker.crash ?? countCrash(state, worker);
  log('error', 'worker_exited', {
    ...fields,
    wait_seconds: delay / 1000,
    message: `worker ${exitText(exit)}`,
    ...fixOf(reason, exit),
  });
  if (isLoop)
    log('error', 'crash_loop', {
      message: `${crashes.streak()} workers in a row crashed soon after they started, the last one ${exitText(exit)}; the delay before each start grows`,
    });
  if (worker.crash === undefined) reconcileAfter(state, delay);
  else reconcile(state);
}

function fixOf(reason: string, {signal}: WorkerExit): {readonly fix?: string} {
  if (signal === 'SIGKILL') return {fix: "probably the kernel's OOM killer: check dmesg"};
  if (reason === 'exit')
    return {fix: 'the service called process.exit: service_exited has the stack; requests in progress were lost'};
  return {};
}
