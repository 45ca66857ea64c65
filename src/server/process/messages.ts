import type {LogThreshold} from '../../text/log/levels.ts';
import type {Settings} from '../settings/settings.ts';

/** The report that a worker sends once a second. Its arrival is the heartbeat. */
export interface WorkerStats {
  /** Bytes of resident memory. */
  readonly rss: number;
  /** Milliseconds by which the event loop was late, at most, since the last report. */
  readonly loopLag: number;
  readonly connections: number;
  /** Seconds for which the request of a `sync` worker has been running: meanwhile it serves no other. */
  readonly held?: number;
  /** Undefined until the service is loaded, and if neither metrics nor the access log are on. */
  readonly requests?: RequestStats | undefined;
}

/** Why a worker did not boot. */
export interface BootFailure {
  readonly message: string;
  readonly stack?: string | undefined;
  readonly fix?: string | undefined;
  /** The exit code of the whole server if no worker was ever ready. */
  readonly exitCode: number;
}

/**
 * Why a worker asks to be replaced. `thread`: one of its threads has crashed. `handler-timeout`: a handler did not end its
 * response within the limit, and may still run.
 */
export type RecycleReason = 'max-requests' | 'max-rss' | 'thread' | 'handler-timeout';

/**
 * The accept queue of the listening socket. `taken`: clients wait in it. `half-open`: none waits yet, but handshakes are
 * under way. `empty`: none is waiting, and none can connect any more.
 */
export type QueueState = 'empty' | 'taken' | 'half-open';

export type FromWorker =
  /** The worker's own program is loaded; it begins to load the service. */
  | {readonly type: 'loading'}
  | {readonly type: 'ready'}
  | {readonly type: 'failed'; readonly failure: BootFailure}
  | {readonly type: 'stats'; readonly stats: WorkerStats}
  /** Asks for a replacement, and serves until that is ready. */
  | {readonly type: 'recycle'; readonly reason: RecycleReason}
  /** It got SIGTERM itself, and waits for an order: a signal to the whole process group reaches the arbiter as well. */
  | {readonly type: 'terminated'}
  /** After an uncaught exception: it drains, then exits with 1. */
  | {readonly type: 'crashing'}
  /** Accepts no further connections. */
  | {readonly type: 'not-accepting'}
  /** The result of `clear-queue`. */
  | {readonly type: 'queue-cleared'; readonly queue: QueueState}
  /** Asks for the listening socket again, after a pause in accepting. */
  | {readonly type: 'socket'}
  | {readonly type: 'drained'; readonly stats: WorkerStats}
  /** The service's own metrics, when asked and before the worker exits: one source for each copy of the service. */
  | {readonly type: 'metrics'; readonly sources: readonly MetricSource[]}
  | {readonly type: 'files-loaded'; readonly files: readonly string[]};

export interface DrainOrder {
  /** Seconds until connections that are still open are closed, except those with a response in progress. */
  readonly limit: number;
  /** Seconds until responses in progress are cut; not less than `limit`. */
  readonly responses: number;
  /** Seconds in which everything is served as before, while readiness answers 503. */
  readonly delay: number;
  /** Seconds for which an idle connection stays usable, for clients that do not know about the drain yet. */
  readonly idle: number;
  /**
   * The whole server stops: the worker serves what waits in the accept queue first, and stays until the arbiter reports
   * that the listening socket is closed.
   */
  readonly last: boolean;
}

export type ToWorker =
  /** Carries the listening socket, unless workers bind their own. */
  | {readonly type: 'start'; readonly settings: Settings; readonly port?: number}
  /** Before `start` and `socket`, for each further address: its port, and its socket, unless workers bind their own. */
  | {readonly type: 'further-socket'; readonly bind: string; readonly port: number | undefined}
  /** The answer to `socket`; carries it. */
  | {readonly type: 'socket'}
  /**
   * Carries the socket of one address. All workers have stopped accepting: take the connections that arrived since, and those that
   * arrive within `milliseconds`.
   */
  | {readonly type: 'clear-queue'; readonly bind: string; readonly milliseconds: number}
  /** The listening sockets are closed: no client can connect any more. */
  | {readonly type: 'socket-closed'}
  | ({readonly type: 'drain'} & DrainOrder)
  /** Asks for the service's own metrics. */
  | {readonly type: 'metrics'}
  /** The level of the service's log from now on. Comes before `start` to a worker that starts later. */
  | {readonly type: 'log-level'; readonly level: LogThreshold}
  /** Ends at once, after the service's own handlers of the signal. */
  | {readonly type: 'quit'; readonly signal: string}
  | {readonly type: 'flush'};

const sender = 'entrypoint/server';

/** A message as it is sent between arbiter and worker: a service has the same channel, and its messages can have any `type`. */
export const marked = <T extends FromWorker | ToWorker>(message: T): T & {readonly sender: string} => ({
  ...message,
  sender,
});

/** Whether it is a message of the server. */
export function isMessage<T extends FromWorker | ToWorker>(value: unknown): value is T {
  return typeof value === 'object' && value !== null && (value as {sender?: unknown}).sender === sender;
}

/** Counts of a worker since it started. Totals only grow; gauges are current. */
export interface RequestStats {
  /** Responses by status class: 1xx at index 0. */
  readonly answered: readonly number[];
  /** Requests whose connection closed before the response was complete. */
  readonly aborted: number;
  readonly inFlight: number;
  /** Open connections that were upgraded. */
  readonly websockets: number;
  /** Responses by duration, @see latencyBounds; the last element counts all that took longer. */
  readonly latencies: readonly number[];
  /** Sum of the durations of all responses, in seconds. */
  readonly seconds: number;
  /** Lines of the access log that were dropped because stdout was blocked. */
  readonly dropped: number;
}

/** The metrics of one copy of the service: that of a worker, or of a thread of its pool. */
export interface MetricSource {
  /** 0 without threads. */
  readonly thread: number;
  /** Undefined if it did not answer in time. */
  readonly metrics: readonly ServiceMetric[] | undefined;
  readonly problems: readonly string[];
}

/** A metric in the form of prom-client's `getMetricsAsJSON`. */
export interface ServiceMetric {
  readonly name: string;
  readonly help: string;
  /** `counter`, `gauge`, `histogram` or `summary`. */
  readonly type: string;
  /** How values of several copies of the service become one: `sum`, `first`, `min`, `max`, `average` or `omit`. */
  readonly aggregator: string;
  readonly values: readonly {
    /** As text if it is not finite, which JSON cannot express. */
    readonly value: number | string;
    readonly labels: Readonly<Record<string, string>>;
    /** Name of the sample, if it is not that of the metric: `x_bucket`, `x_sum`. */
    readonly metricName?: string;
  }[];
}
