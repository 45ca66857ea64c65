import {reconcile, reconcileAfter} from './reconcile.ts';
import {type ArbiterState, isStopping} from './state.ts';
import {ageOf, exitText, type Worker, type WorkerExit} from './workers.ts';

/** Why a worker exited: the arbiter's reason to end it, else `signal` (it received TERM itself) or `crash`. */
export function exitReason(
  {exitReason: reason, state}: Pick<Worker, 'exitReason' | 'state'>,
  exit: WorkerExit,
): string {
  return reason ?? (state === 'leaving' && exit.code === 0 ? 'signal' : 'crash');
}

/** Logs an exit and replaces the worker: at once, or after the backoff when it crashed. */
export function workerExited(state: ArbiterState, worker: Worker, exit: WorkerExit): void {
  const {log, crashes} = state;
  // The caller of `start` reports a failed boot.
  if (worker.state === 'booting' && worker.exitReason === undefined) return;
  const reason = exitReason(worker, exit);
  const fields = {worker: worker.pid, reason, code: exit.code, signal: exit.signal, seconds: ageOf(worker)};
  if (reason !== 'crash' || isStopping(state)) {
    log('info', 'worker_exited', fields);
    return reconcile(state);
  }
  const delay = crashes.crashed((process.uptime() - worker.startedAt) * 1000);
  log('error', 'worker_exited', {
    ...fields,
    wait_seconds: delay / 1000,
    message: `worker ${exitText(exit)}`,
    ...(exit.signal === 'SIGKILL' ? {fix: "probably the kernel's OOM killer: check dmesg"} : {}),
  });
  if (crashes.isLoop())
    log('error', 'crash_loop', {
      message: `${crashes.streak()} workers in a row crashed soon after they started, the last one ${exitText(exit)}; the delay before each start grows`,
    });
  reconcileAfter(state, delay);
}
