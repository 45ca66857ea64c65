import {Worker} from 'node:worker_threads';
import {residentBytes} from '../process/memory.ts';
import type {WorkerStats} from '../process/messages.ts';
import {serverProgram} from '../process/programs.ts';

const maxMilliseconds = 1000;

/** Milliseconds between two heartbeats, and between two checks of them: a quarter of `timeout` (seconds), at most 1000. */
export function heartbeatMilliseconds(timeout: number): number {
  return timeout === 0 ? maxMilliseconds : Math.min(maxMilliseconds, timeout * 250);
}

/** The number of checks without a heartbeat at which a loop is stuck: one more than the timeout, since the two timers drift. */
export function maxMissedHeartbeats(timeout: number): number {
  return Math.ceil((timeout * 1000) / heartbeatMilliseconds(timeout)) + 1;
}

/** The `workerData` of the watchdog thread. */
export interface WatchdogData {
  /** A 32-bit counter that the event loop increments: the heartbeat. */
  readonly heartbeat: SharedArrayBuffer;
  /** Seconds. */
  readonly timeout: number;
}

const reportMilliseconds = 1000;

/**
 * Counts heartbeats in shared memory, where a thread watches them: a stuck loop cannot report its own stack.
 * @param timeout seconds after which the loop is stuck; 0: no watchdog
 * @param report called once a second
 */
export function startHeartbeat(timeout: number, report: (stats: Pick<WorkerStats, 'rss' | 'loopLag'>) => void): void {
  const heartbeat = new SharedArrayBuffer(4);
  const counter = new Int32Array(heartbeat);
  setInterval(() => Atomics.add(counter, 0, 1), heartbeatMilliseconds(timeout)).unref();
  // Not `performance`: it would load seven modules of Node before the service.
  let expected = process.uptime() * 1000 + reportMilliseconds;
  setInterval(() => {
    const now = process.uptime() * 1000;
    report({rss: residentBytes(), loopLag: Math.max(0, now - expected)});
    expected = now + reportMilliseconds;
  }, reportMilliseconds).unref();
  if (timeout === 0) return;
  const data: WatchdogData = {heartbeat, timeout};
  const thread = new Worker(serverProgram('watchdog'), {
    workerData: data,
    execArgv: ['--disable-warning=ExperimentalWarning'],
    env: {},
    // Piped: process.stdout of the main thread would make the pipe non-blocking for every process that writes to it.
    stdout: true,
    stderr: true,
    resourceLimits: {maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 2},
  });
  // Without the thread, the arbiter still replaces a stuck worker, but without its stack.
  thread.on('error', () => {});
  thread.unref();
}
