import {setTimeout as sleep} from 'node:timers/promises';
import {MessageChannel, receiveMessageOnPort, Worker} from 'node:worker_threads';
import {exitCode, messageOf} from '../../errors.ts';
import {runtimeLevel} from '../../text/log/levels.ts';
import {serviceStack} from '../process/frames.ts';
import type {BootFailure, MetricSource} from '../process/messages.ts';
import {serverProgram} from '../process/programs.ts';
import type {OwnOptions} from '../requests/own-options.ts';
import type {Settings} from '../settings/settings.ts';
import {heartbeatMilliseconds, maxMissedHeartbeats} from '../watchdog/heartbeat.ts';
import type {FromThread, Listens, ThreadData, ToThread} from './messages.ts';
import {outbox} from './outbox.ts';
import {threadStack} from './thread-stack.ts';

const bootSeconds = 60;

/** For the utilization of a thread's loop. */
const sampleMilliseconds = 50;

/** Less than the arbiter waits for the worker: the other threads' metrics arrive in time. */
const metricsMilliseconds = 700;

/** A pool thread, from the side of the event loop. */
export interface PoolThread {
  readonly index: number;
  /** Milliseconds of CPU time that the requests it serves or was offered last are expected to need. */
  cost: number;
  /** Number of batches that it has sent. */
  batches: number;
  /** Sends a message with the next batch. */
  readonly send: (message: ToThread) => void;
  /** Sends the batch now. */
  readonly flush: () => void;
  /** Resolves when it is ready. */
  readonly booted: Promise<{readonly listens: Listens; readonly own: OwnOptions} | {readonly failure: BootFailure}>;
  /** The service's own metrics; without them if the thread is busy or has ended. Never rejects. */
  readonly metrics: () => Promise<MetricSource>;
  /** The stack of what it computes; undefined if it waits. */
  readonly stack: () => Promise<string | undefined>;
  /** Closes the service, runs its own handlers, and ends the thread. */
  readonly close: () => Promise<void>;
}

export interface ThreadOptions {
  readonly settings: Settings;
  readonly port: number | undefined;
  readonly index: number;
  readonly claims: SharedArrayBuffer;
  readonly onMessage: (thread: PoolThread, message: FromThread) => void;
  /** Its event loop is blocked; called with its stack, if known, before it is terminated. */
  readonly onStuck: (stack: string | undefined) => void;
  /** It ended unexpectedly after it was ready. */
  readonly onExit: (thread: PoolThread, error: unknown) => void;
}

/** Starts a thread with its own copy of the service. */
export function startThread({settings, port, index, claims, onMessage, onStuck, onExit}: ThreadOptions): PoolThread {
  const heartbeat = new SharedArrayBuffer(4);
  const {port1: link, port2} = new MessageChannel();
  const data: ThreadData = {settings, port, index, logLevel: runtimeLevel(), claims, heartbeat, link: port2};
  const worker = new Worker(serverProgram('pool-thread'), {
    workerData: data,
    transferList: [port2],
    argv: [...settings.args],
    name: `pool-${index}`,
    ...(settings.maxHeap === 0 ? {} : {resourceLimits: {maxOldGenerationSizeMb: settings.maxHeap}}),
  });
  const booted = Promise.withResolvers<Awaited<PoolThread['booted']>>();
  const out = outbox<ToThread>((batch) => link.postMessage(batch, []));
  const closed = Promise.withResolvers<void>();
  const asked = new Set<(source: MetricSource) => void>();
  let [ready, closing] = [false, false];
  let cause: Error | undefined;
  const thread: PoolThread = {
    index,
    cost: 0,
    batches: 0,
    send: out.add,
    flush: out.flush,
    booted: booted.promise,
    metrics: () => {
      out.add({type: 'metrics'});
      return new Promise((resolve) => {
        const late = setTimeout(() => answered(lateSource(index)), metricsMilliseconds);
        const answered = (source: MetricSource): void => {
          clearTimeout(late);
          asked.delete(answered);
          resolve(source);
        };
        asked.add(answered);
      });
    },
    stack: async () => ((await isComputing(worker)) ? threadStack(worker.threadId) : undefined),
    close: async () => {
      closing = true;
      out.add({type: 'close'});
      await closed.promise;
    },
  };
  function receive(batch: readonly FromThread[]): void {
    thread.batches += 1;
    for (const message of batch) {
      if (message.type === 'booted') {
        ready = true;
        booted.resolve(message);
      } else if (message.type === 'failed') booted.resolve(message);
      else if (message.type === 'metrics') for (const answered of asked) answered(message.source);
      else onMessage(thread, message);
    }
  }
  link.on('message', receive);
  const stopWatch = watchLoop(new Int32Array(heartbeat), settings.timeout, async () => {
    const stack = await threadStack(worker.threadId);
    onStuck(stack);
    cause = new Error(`event loop blocked for ${settings.timeout} s`);
    await worker.terminate();
  });
  worker.on('error', (error: unknown) => {
    cause = error instanceof Error ? error : new Error(String(error));
  });
  worker.once('exit', (code) => {
    stopWatch();
    // What it has sent before it ended.
    for (let left = receiveMessageOnPort(link); left !== undefined; left = receiveMessageOnPort(link))
      receive(left.message as readonly FromThread[]);
    link.close();
    booted.resolve({failure: bootFailed(code, cause)});
    closed.resolve();
    if (ready && !closing) onExit(thread, cause ?? new Error(`exit code ${code}`));
  });
  return thread;
}

/** Why a thread ended before it was ready: its heap can be too small for a copy of the service. */
function bootFailed(code: number, cause: Error | undefined): BootFailure {
  const what = `thread exited with code ${code} before it was ready`;
  if (cause === undefined) return {message: what, exitCode: exitCode.notBooted};
  const isMemory = (cause as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY';
  if (!isMemory)
    return {message: messageOf(cause), stack: serviceStack(cause.stack ?? ''), exitCode: exitCode.notBooted};
  return {
    message: `${what}: ${messageOf(cause)}`,
    fix: 'set fewer --threads or --workers, raise --max-heap, or give the container more memory',
    exitCode: exitCode.notBooted,
  };
}

/** Whether the loop of a thread does not wait. To ask its inspector would leave a thread that waits with a breakpoint. */
async function isComputing({performance}: Worker): Promise<boolean> {
  const before = performance.eventLoopUtilization();
  await sleep(sampleMilliseconds);
  return performance.eventLoopUtilization(before).utilization > 0.9;
}

function lateSource(thread: number): MetricSource {
  const problem = `it did not answer within ${metricsMilliseconds} ms: its metrics are those of its last answer`;
  return {thread, metrics: undefined, problems: [problem]};
}

/**
 * Calls `onStuck` when the counter has not changed for `timeout` seconds; 0: never. Counts its own turns, as the watchdog
 * does.
 * @returns a function that ends the watch
 */
function watchLoop(counter: Int32Array, timeout: number, onStuck: () => void): () => void {
  if (timeout === 0) return () => {};
  let [last, missed] = [0, 0];
  const interval = heartbeatMilliseconds(timeout);
  const limit = maxMissedHeartbeats(timeout);
  const timer = setInterval(() => {
    const now = Atomics.load(counter, 0);
    missed = now === last ? missed + 1 : 0;
    last = now;
    // The counter is 0 while the service loads.
    if (missed < (now === 0 ? Math.max(limit, (bootSeconds * 1000) / interval) : limit)) return;
    clearInterval(timer);
    onStuck();
  }, interval);
  timer.unref();
  return () => clearInterval(timer);
}
