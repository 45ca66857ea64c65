import {setTimeout as sleep} from 'node:timers/promises';
import {workerData} from 'node:worker_threads';
import {stackText} from '../process/frames.ts';
import {serverLog} from '../process/log.ts';
import {heartbeatMilliseconds, maxMissedHeartbeats, type WatchdogData} from './heartbeat.ts';

// The thread that watches the event loop of a worker. It counts its own turns instead of measuring time: a machine that
// slept, or a container that was paused, did not leave a loop stuck.

const {heartbeat, timeout} = workerData as WatchdogData;
const counter = new Int32Array(heartbeat);
const interval = heartbeatMilliseconds(timeout);
const limit = maxMissedHeartbeats(timeout);
let [last, missed] = [0, 0];

while (missed < limit) {
  await sleep(interval);
  const now = Atomics.load(counter, 0);
  missed = now === last ? missed + 1 : 0;
  last = now;
}
const stack = await mainStack();
serverLog()('error', 'worker_stuck', {
  worker: process.pid,
  message: `event loop of worker blocked for ${timeout} s; replacing the worker`,
  fix: 'move long computations to a thread, or use --worker-class=threads; --timeout sets the limit',
  ...(stack === undefined ? {} : {stack}),
});
// The arbiter replaces it. No softer signal ends a thread that never returns to its loop.
process.kill(process.pid, 'SIGKILL');

/** The stack of the main thread, from the inspector: it answers while the loop does not. */
async function mainStack(): Promise<string | undefined> {
  // Loaded here: every start of a worker would pay for it.
  const {Session} = await import('node:inspector');
  const session = new Session();
  try {
    session.connectToMainThread();
    const urls = new Map<string, string>();
    session.on('Debugger.scriptParsed', ({params}) => urls.set(params.scriptId, params.url));
    const paused = new Promise<string>((resolve) => {
      session.on('Debugger.paused', ({params}) => resolve(stackText(params.callFrames, urls)));
    });
    session.post('Debugger.enable');
    session.post('Debugger.pause');
    return await Promise.race([paused, sleep(1000, undefined)]);
  } catch {
    return undefined;
  }
}
