import {Worker} from 'node:worker_threads';
import type {WorkerStats} from '../process/messages.ts';
import {serverProgram} from '../process/programs.ts';

const mostMilliseconds = 1000;

/** How often a loop counts, and how often its counter is looked at: four times within the limit, at least once a second. */
export function beatMilliseconds(timeout: number): number {
  return timeout === 0 ? mostMilliseconds : Math.min(mostMilliseconds, timeout * 250);
}

/** How many looks in a row may find the counter where it was; one more than the limit says, since the two are not in step. */
export function missedBeats(timeout: number): number {
  return Math.ceil((timeout * 1000) / beatMilliseconds(timeout)) + 1;
}

/** What the watchdog thread is given. */
export interface WatchdogData {
  /** A counter that the loop moves; nothing else is asked of it. */
  readonly beat: SharedArrayBuffer;
  readonly timeout: number;
}

const reportMilliseconds = 1000;

/**
 * Counts in shared memory, and has a thread watch it: a loop that is stuck cannot tell where.
 * @param timeout seconds; 0: nobody watches
 * @param report called once a second
 */
export function startHeartbeat(timeout: number, report: (stats: Pick<WorkerStats, 'rss' | 'loopLag'>) => void): void {
  const beat = new SharedArrayBuffer(4);
  const counter = new Int32Array(beat);
  setInterval(() => Atomics.add(counter, 0, 1), beatMilliseconds(timeout)).unref();
  // Not `performance`: it would load seven modules of Node before the service.
  let expected = process.uptime() * 1000 + reportMilliseconds;
  setInterval(() => {
    const now = process.uptime() * 1000;
    report({rss: process.memoryUsage.rss(), loopLag: Math.max(0, now - expected)});
    expected = now + reportMilliseconds;
  }, reportMilliseconds).unref();
  if (timeout === 0) return;
  const data: WatchdogData = {beat, timeout};
  const thread = new Worker(serverProgram('watchdog'), {
    workerData: data,
    execArgv: ['--disable-warning=ExperimentalWarning'],
    env: {},
    // Not through process.stdout of the service, which would make the pipe non-blocking for everybody who writes to it.
    stdout: true,
    stderr: true,
    resourceLimits: {maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 2},
  });
  // Without it the arbiter still notices, and cannot tell where.
  thread.on('error', () => {});
  thread.unref();
}
