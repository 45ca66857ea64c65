import {setTimeout as sleep} from 'node:timers/promises';
import {workerData} from 'node:worker_threads';
import {stackText} from '../process/frames.ts';
import {serverLog} from '../process/log.ts';
import {beatMilliseconds, missedBeats, type WatchdogData} from './heartbeat.ts';

// The thread that watches the loop of a worker. It counts its own turns rather than time: a machine that slept, or a
// container that was paused, did not leave a loop stuck.

const {beat, timeout} = workerData as WatchdogData;
const counter = new Int32Array(beat);
const tick = beatMilliseconds(timeout);
const deadline = missedBeats(timeout);
let [seen, missed] = [0, 0];

while (missed < deadline) {
  await sleep(tick);
  const now = Atomics.load(counter, 0);
  missed = now === seen ? missed + 1 : 0;
  seen = now;
}
const stack = await mainStack();
serverLog()('error', 'worker_stuck', {
  worker: process.pid,
  message: `the loop of a worker has not turned for ${timeout} s: it is replaced`,
  fix: 'move what computes for long into another thread, or use the worker class threads; --timeout sets the limit',
  ...(stack === undefined ? {} : {stack}),
});
// The arbiter replaces it. Nothing softer than this ends a thread that does not come back.
process.kill(process.pid, 'SIGKILL');

/** Where the main thread is, asked through the inspector: it answers while the loop does not. */
async function mainStack(): Promise<string | undefined> {
  // Loaded when it is wanted: every start of a worker would pay for it.
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
