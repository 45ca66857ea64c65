import type {ArbiterState} from './state.ts';
import type {Worker} from './workers.ts';

const tickMilliseconds = 1000;
/** A heartbeat is due every second; a busy loop can delay it. */
const freshSeconds = 5;
/** The watchdog in the worker acts first, since it can log where the loop is stuck. */
const watchdogSeconds = 2;

/** Checks the heartbeats once a second. The timer also keeps the process alive while there is no worker. */
export function startMonitor(state: ArbiterState): NodeJS.Timeout {
  return setInterval(() => checkHeartbeats(state), tickMilliseconds);
}

/** Kills workers without a heartbeat for longer than the timeout. A worker under the inspector can be paused. */
export function checkHeartbeats({workers, settings, log}: Pick<ArbiterState, 'workers' | 'settings' | 'log'>): void {
  for (const worker of workers.all()) {
    worker.missedSeconds += 1;
    if (settings.timeout === 0 || settings.inspect !== undefined) continue;
    if (worker.missedSeconds <= settings.timeout + watchdogSeconds) continue;
    log('error', 'worker_stuck', {
      worker: worker.pid,
      message: `no heartbeat from worker for ${worker.missedSeconds} s; killing it`,
    });
    worker.exitReason ??= 'timeout';
    worker.kill('SIGKILL');
  }
}

/** Whether the worker is ready, with a recent heartbeat, and can take a request soon. */
export function isFresh(worker: Pick<Worker, 'state' | 'missedSeconds' | 'stats'>): boolean {
  return worker.state === 'ready' && worker.missedSeconds <= freshSeconds && !isHeld(worker);
}

/** Whether one request has held a `sync` worker for so long that a heartbeat would be overdue if its handler computed. */
export function isHeld({stats}: Pick<Worker, 'stats'>): boolean {
  return (stats?.held ?? 0) > freshSeconds;
}
