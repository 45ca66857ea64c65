import {Worker} from 'node:worker_threads';
import {neighbour} from '../heartbeat.ts';
import type {BootFailure} from '../messages.ts';
import type {Settings} from '../settings.ts';
import type {FromThread, ThreadData, ToThread} from './messages.ts';

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
  /** It ended without being told to. */
  readonly crashed: (thread: PoolThread, error: unknown) => void;
}

/** Starts a thread with a copy of the service of its own. */
export function startThread({settings, port, index, claims, heard, crashed}: ThreadFacts): PoolThread {
  const data: ThreadData = {settings, port, first: index === 0, claims};
  const worker = new Worker(neighbour('pool-thread'), {
    workerData: data, argv: [...settings.args], name: `pool-${index}`,
    ...(settings.maxHeap === 0 ? {} : {resourceLimits: {maxOldGenerationSizeMb: settings.maxHeap}}),
  });
  const booted = Promise.withResolvers<BootFailure | undefined>();
  const closed = Promise.withResolvers<void>();
  let [ready, closing] = [false, false];
  let cause: unknown;
  const thread: PoolThread = {
    index, load: 0,
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
  worker.on('error', (error) => {
    cause = error;
  });
  worker.once('exit', (code) => {
    booted.resolve({message: `a thread ended with code ${code} before it was ready`, exitCode: 3});
    closed.resolve();
    if (ready && !closing) crashed(thread, cause ?? new Error(`a thread of the pool ended with code ${code}`));
  });
  return thread;
}
