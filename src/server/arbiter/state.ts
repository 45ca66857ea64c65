import type {Log} from '../process/log.ts';
import type {BootFailure, DrainOrder} from '../process/messages.ts';
import type {Settings} from '../settings/settings.ts';
import type {Backoff} from './backoff.ts';
import type {BoundSocket} from './socket.ts';
import type {Worker, WorkerSet} from './workers.ts';

/** Everything that the parts of the arbiter share: each is a function over it. */
export interface ArbiterState {
  readonly settings: Settings;
  /** The main one first. */
  readonly sockets: readonly BoundSocket[];
  readonly log: Log;
  readonly workers: WorkerSet;
  readonly crashes: Backoff;
  /** Resolves with undefined when the first worker is ready, with the failure if none ever is. */
  readonly listening: PromiseWithResolvers<BootFailure | undefined>;
  /** Resolves with the exit code of the server, when every worker has exited. */
  readonly exited: PromiseWithResolvers<number>;
  phase: 'starting' | 'serving' | 'stopping' | 'quitting';
  /** Number of workers to keep. */
  target: number;
  /** Until the first worker begins to load the service, it boots alone. */
  bootsAlone: boolean;
  /** Boots that failed in a row. */
  failedBoots: number;
  /** In reload mode, no worker is started from a failed boot until a file changes. */
  halted: boolean;
  /** A start that waits for the backoff. */
  backoffTimer: NodeJS.Timeout | undefined;
}

const idleSeconds = 1;

/** The state of a server that has not started yet. */
export function initialState(
  options: Pick<ArbiterState, 'settings' | 'sockets' | 'log' | 'workers' | 'crashes'>,
): ArbiterState {
  return {
    ...options,
    listening: Promise.withResolvers(),
    exited: Promise.withResolvers(),
    phase: 'starting',
    target: options.settings.workers,
    bootsAlone: true,
    failedBoots: 0,
    halted: false,
    backoffTimer: undefined,
  };
}

export function isStopping({phase}: Pick<ArbiterState, 'phase'>): boolean {
  return phase === 'stopping' || phase === 'quitting';
}

/** The workers that count towards the target: neither leaving nor booting to replace another one. */
export function activeWorkers({workers}: Pick<ArbiterState, 'workers'>): readonly Worker[] {
  return workers.all().filter(({state, isReplacement}) => state !== 'leaving' && !isReplacement);
}

/** How a worker drains when its end is awaited: everything ends within the graceful timeout. */
export function drainOrder({gracefulTimeout}: Pick<Settings, 'gracefulTimeout'>): DrainOrder {
  return {limit: gracefulTimeout, responses: gracefulTimeout, delay: 0, idle: idleSeconds, last: false};
}

const maxResponseSeconds = 3600;

/** How a worker drains that was replaced: its end is not awaited, so a response in progress is not cut. */
export function replacedOrder(settings: Pick<Settings, 'gracefulTimeout' | 'handlerTimeout'>): DrainOrder {
  const {gracefulTimeout, handlerTimeout} = settings;
  return {
    ...drainOrder(settings),
    // A second more: the worker enforces the handler timeout itself.
    responses: Math.max(gracefulTimeout, handlerTimeout > 0 ? handlerTimeout + 1 : maxResponseSeconds),
  };
}

const crashSeconds = 10;

/** How a worker drains after an uncaught exception: the state of the service is unknown from then on. */
export function crashOrder(settings: Pick<Settings, 'gracefulTimeout'>): DrainOrder {
  const limit = Math.min(crashSeconds, settings.gracefulTimeout);
  return {...drainOrder(settings), limit, responses: limit};
}
