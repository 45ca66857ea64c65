import {Worker} from 'node:worker_threads';
import type {BootFailure} from '../process/messages.ts';
import {serverProgram} from '../process/programs.ts';
import type {Settings} from '../settings/settings.ts';
import {beatMilliseconds, missedBeats} from '../watchdog/heartbeat.ts';
import type {FromThread, ThreadData, ToThread} from './messages.ts';
import {threadStack} from './thread-stack.ts';

const bootSeconds = 60;

/** A pool thread, as the loop knows it. */
export interface PoolThread {
  readonly index: number;
  /** Requests that it has, or was offered last. */
  load: number;
  readonly send: (message: ToThread) => void;
  /** Undefined when it is ready. */
  readonly booted: Promise<BootFailure | undefined>;
  /** The service's end, then the thread's. */
  readonly close: () => Promise<void>;
}

export interface ThreadFacts {
  readonly settings: Settings;
  readonly port: number | undefined;
  readonly index: number;
  readonly claims: SharedArrayBuffer;
  readonly heard: (thread: PoolThread, message: FromThread) => void;
  /** Its loop does not turn: where it is, if that is known. It is ended then. */
  readonly stuck: (stack: string | undefined) => void;
  /** It ended without being told to. */
  readonly crashed: (thread: PoolThread, error: unknown) => void;
}

/** Starts a thread with a copy of the service of its own. */
export function startThread({settings, port, index, claims, heard, stuck, crashed}: ThreadFacts): PoolThread {
  const beat = new SharedArrayBuffer(4);
  const data: ThreadData = {settings, port, first: index === 0, claims, beat};
  const worker = new Worker(serverProgram('pool-thread'), {
    workerData: data,
    argv: [...settings.args],
    name: `pool-${index}`,
    ...(settings.maxHeap === 0 ? {} : {resourceLimits: {maxOldGenerationSizeMb: settings.maxHeap}}),
  });
  const booted = Promise.withResolvers<BootFailure | undefined>();
  const closed = Promise.withResolvers<void>();
  let [ready, closing] = [false, false];
  let cause: unknown;
  const thread: PoolThread = {
    index,
    load: 0,
    send: (message) => worker.postMessage(message, []),
    booted: booted.promise,
    close: async () => {
      closing = true;
      worker.postMessage({type: 'close'} satisfies ToThread, []);
      await closed.promise;
      await worker.terminate();
    },
  };
  worker.on('message', (message: FromThread) => {
    if (message.type === 'booted') {
      ready = true;
      booted.resolve(undefined);
    } else if (message.type === 'failed') booted.resolve(message.failure);
    else if (message.type === 'closed') closed.resolve();
    else heard(thread, message);
  });
  const ended = watchLoop(new Int32Array(beat), settings.timeout, async () => {
    const stack = await threadStack(worker.threadId);
    stuck(stack);
    cause = new Error(`its loop has not turned for ${settings.timeout} s`);
    await worker.terminate();
  });
  worker.on('error', (error) => {
    cause = error;
  });
  worker.once('exit', (code) => {
    ended();
    booted.resolve({message: `a thread ended with code ${code} before it was ready`, exitCode: 3});
    closed.resolve();
    if (ready && !closing) crashed(thread, cause ?? new Error(`a thread of the pool ended with code ${code}`));
  });
  return thread;
}

/**
 * Calls when the counter has stood still for so many seconds; 0: never. Counts its own turns, as the watchdog does.
 * @returns what ends the watch
 */
function watchLoop(counter: Int32Array, timeout: number, stands: () => void): () => void {
  if (timeout === 0) return () => {};
  let [seen, missed] = [0, 0];
  const tick = beatMilliseconds(timeout);
  const most = missedBeats(timeout);
  const timer = setInterval(() => {
    const now = Atomics.load(counter, 0);
    missed = now === seen ? missed + 1 : 0;
    seen = now;
    // Before its first turn, it loads the service.
    if (missed < (now === 0 ? Math.max(most, (bootSeconds * 1000) / tick) : most)) return;
    clearInterval(timer);
    stands();
  }, tick);
  timer.unref();
  return () => clearInterval(timer);
}
