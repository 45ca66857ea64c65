import type {Settings} from '../settings/settings.ts';

/** What a worker tells the arbiter once a second. That it comes is the heartbeat. */
export interface WorkerStats {
  /** Bytes of resident memory. */
  readonly rss: number;
  /** Milliseconds by which the loop was late, at most, since the last report. */
  readonly loopLag: number;
  readonly connections: number;
  /** What it has served; undefined before the service is loaded, and where nobody asks. */
  readonly requests?: RequestStats | undefined;
}

/** Why a worker was not able to begin. */
export interface BootFailure {
  readonly message: string;
  readonly stack?: string | undefined;
  readonly fix?: string | undefined;
  /** With which the whole server ends, when no worker was ever ready. */
  readonly exitCode: number;
}

/** Why a worker wants a successor. `thread`: one of its threads has crashed. */
export type RecycleReason = 'max-requests' | 'max-rss' | 'thread';

/**
 * Who waits in the queue of the listening socket. `half-open`: nobody yet, but there are handshakes under way.
 * `empty`: nobody, and nobody can come any more.
 */
export type QueueState = 'empty' | 'taken' | 'half-open';

export type FromWorker =
  /** Its own program is loaded; the service begins to. */
  | {readonly type: 'up'}
  | {readonly type: 'ready'}
  | {readonly type: 'failed'; readonly failure: BootFailure}
  | {readonly type: 'stats'; readonly stats: WorkerStats}
  /** It would like a successor, and serves until that is ready. */
  | {readonly type: 'recycle'; readonly reason: RecycleReason}
  /** It accepts no connection any more. */
  | {readonly type: 'lame'}
  | {readonly type: 'cleared'; readonly queue: QueueState}
  /** It stopped accepting for a while and needs the listening socket again. */
  | {readonly type: 'socket'}
  | {readonly type: 'drained'; readonly stats: WorkerStats}
  | {readonly type: 'loaded'; readonly files: readonly string[]};

export interface DrainOrder {
  /** Seconds after which what is still open is cut. */
  readonly limit: number;
  /** Seconds in which all is served as before, but readiness answers 503. */
  readonly delay: number;
  /** Seconds for which an idle connection may still be used by a client that does not know yet. */
  readonly idle: number;
  /**
   * The whole server goes: what waits in the backlog is served first, and the worker stays until it is told that the
   * listening socket is closed.
   */
  readonly last: boolean;
}

export type ToWorker =
  /** Comes with the listening socket, unless workers have one of their own. */
  | {readonly type: 'start'; readonly settings: Settings; readonly port?: number}
  | {readonly type: 'socket'}
  /** Comes with the socket: all have stopped accepting, and who came meanwhile, or comes for so long, is to be taken. */
  | {readonly type: 'clear'; readonly milliseconds: number}
  /** Nobody can connect any more. */
  | {readonly type: 'closed'}
  | ({readonly type: 'drain'} & DrainOrder)
  | {readonly type: 'quit'}
  | {readonly type: 'flush'};

/** Is it one of ours? A service may talk to its parent as well. */
export function isMessage<T extends {readonly type: string}>(value: unknown): value is T {
  return typeof value === 'object' && value !== null && typeof (value as {type?: unknown}).type === 'string';
}

/** What a worker has served since it began. Totals only grow; gauges are of this moment. */
export interface RequestStats {
  /** Answers by status class: 1xx at index 0. */
  readonly answered: readonly number[];
  /** Requests whose connection was closed before the answer was out. */
  readonly aborted: number;
  readonly inFlight: number;
  /** Answers by duration, see latency.ts; the last one is for all that took longer. */
  readonly latencies: readonly number[];
  /** Seconds of all answers together. */
  readonly seconds: number;
  /** Lines of the access log that nobody took. */
  readonly dropped: number;
}
