import type {RequestStats, WorkerStats} from '../process/messages.ts';
import {latencyBounds} from '../records/stats.ts';

/** The part of a worker that metrics use. */
export interface MeasuredWorker {
  readonly id: number;
  readonly state: 'booting' | 'ready' | 'leaving';
  readonly stats: WorkerStats | undefined;
}

/** The current values at a scrape, besides the totals. */
export interface Snapshot {
  readonly workers: readonly MeasuredWorker[];
  /** Number of workers to keep. */
  readonly wanted: number;
  readonly draining: boolean;
  /** Resident memory of the arbiter in bytes. */
  readonly arbiterMemory: number;
  /** Unix time of the server's start, in seconds. */
  readonly startTime: number;
  /** Number of workers and of the service's metrics that the scrape does not cover. */
  readonly problems: number;
}

export interface Metrics {
  /** Records the exit of a worker: its counts stay part of the totals. */
  readonly exited: (worker: MeasuredWorker, reason: string) => void;
  readonly reloaded: () => void;
  /** All metrics in Prometheus' text format. */
  readonly text: (snapshot: Snapshot) => string;
}

interface Totals {
  readonly answered: number[];
  readonly latencies: number[];
  aborted: number;
  seconds: number;
  dropped: number;
}

const classes = ['1xx', '2xx', '3xx', '4xx', '5xx'];
const decimal = (value: number): string => String(Math.round(value * 1e6) / 1e6);

/** Sums the counts of all workers, exited ones included: a scrape sees one server, whose totals never decrease. */
export function serverMetrics(): Metrics {
  const past = empty();
  const exits = new Map<string, number>();
  let reloads = 0;
  return {
    exited: ({stats}, reason) => {
      if (stats?.requests !== undefined) add(past, stats.requests);
      exits.set(reason, (exits.get(reason) ?? 0) + 1);
    },
    reloaded: () => {
      reloads += 1;
    },
    text: (snapshot) => {
      const all = copy(past);
      const known = snapshot.workers.flatMap(({stats}) => (stats === undefined ? [] : [stats]));
      for (const {requests} of known) if (requests !== undefined) add(all, requests);
      return (
        [...requestLines(all, known), ...serverLines(snapshot, known), ...exitLines(exits, reloads)].join('\n') + '\n'
      );
    },
  };
}

function requestLines(
  {answered, aborted, latencies, seconds, dropped}: Totals,
  workers: readonly WorkerStats[],
): readonly string[] {
  let below = 0;
  const buckets = latencies.map((count, index) => {
    below += count;
    return `entrypoint_request_duration_seconds_bucket{le="${latencyBounds[index] ?? '+Inf'}"} ${below}`;
  });
  return [
    ...head('entrypoint_requests_total', 'counter', 'Responses, by status class.'),
    ...classes.map((name, index) => `entrypoint_requests_total{class="${name}"} ${answered[index] ?? 0}`),
    ...single(
      'entrypoint_requests_aborted_total',
      'counter',
      'Requests whose connection closed before the response was complete.',
      aborted,
    ),
    ...single(
      'entrypoint_requests_in_flight',
      'gauge',
      'Requests in progress.',
      sum(workers, ({requests}) => requests?.inFlight ?? 0),
    ),
    ...single(
      'entrypoint_websockets',
      'gauge',
      'Open connections that were upgraded.',
      sum(workers, ({requests}) => requests?.websockets ?? 0),
    ),
    ...head(
      'entrypoint_request_duration_seconds',
      'histogram',
      'Time from the headers of a request to the end of its response.',
    ),
    ...buckets,
    `entrypoint_request_duration_seconds_sum ${decimal(seconds)}`,
    `entrypoint_request_duration_seconds_count ${below}`,
    ...single(
      'entrypoint_access_log_dropped_total',
      'counter',
      'Lines of the access log that were dropped because stdout was blocked.',
      dropped,
    ),
  ];
}

function serverLines(
  {workers, wanted, draining, arbiterMemory, startTime, problems}: Snapshot,
  known: readonly WorkerStats[],
): readonly string[] {
  const states = ['booting', 'ready', 'leaving'] as const;
  return [
    ...single(
      'entrypoint_connections',
      'gauge',
      'Open connections.',
      sum(known, ({connections}) => connections),
    ),
    ...head('entrypoint_workers', 'gauge', 'Worker processes, by state.'),
    ...states.map(
      (state) => `entrypoint_workers{state="${state}"} ${workers.filter((worker) => worker.state === state).length}`,
    ),
    ...single('entrypoint_workers_wanted', 'gauge', 'Number of worker processes to keep.', wanted),
    ...single('entrypoint_draining', 'gauge', '1 from SIGTERM on.', draining ? 1 : 0),
    ...single(
      'entrypoint_event_loop_lag_seconds',
      'gauge',
      'Maximum event loop delay of all workers in the last second.',
      Math.max(0, ...known.map(({loopLag}) => loopLag)) / 1000,
    ),
    ...head('entrypoint_resident_memory_bytes', 'gauge', 'Resident memory.'),
    `entrypoint_resident_memory_bytes{process="arbiter"} ${arbiterMemory}`,
    `entrypoint_resident_memory_bytes{process="workers"} ${sum(known, ({rss}) => rss)}`,
    ...single('entrypoint_start_time_seconds', 'gauge', 'Unix time of the start of the server.', startTime),
    ...single(
      'entrypoint_service_metrics_problems',
      'gauge',
      "Workers and metrics missing from the service's own metrics; comments name them.",
      problems,
    ),
  ];
}

function exitLines(exits: ReadonlyMap<string, number>, reloads: number): readonly string[] {
  return [
    ...head('entrypoint_worker_exits_total', 'counter', 'Exits of workers, by reason.'),
    ...[...exits].map(
      ([reason, count]) => `entrypoint_worker_exits_total{reason="${reason.replaceAll(/[\\"\n]/g, '_')}"} ${count}`,
    ),
    ...single('entrypoint_reloads_total', 'counter', 'Completed reloads.', reloads),
  ];
}

function head(name: string, type: string, help: string): readonly string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
}

function single(name: string, type: string, help: string, value: number): readonly string[] {
  return [...head(name, type, help), `${name} ${decimal(value)}`];
}

function empty(): Totals {
  return {
    answered: classes.map(() => 0),
    latencies: [...latencyBounds.map(() => 0), 0],
    aborted: 0,
    seconds: 0,
    dropped: 0,
  };
}

function copy({answered, latencies, ...others}: Totals): Totals {
  return {answered: [...answered], latencies: [...latencies], ...others};
}

function add(into: Totals, {answered, latencies, aborted, seconds, dropped}: RequestStats): void {
  answered.forEach((count, index) => (into.answered[index] = (into.answered[index] ?? 0) + count));
  latencies.forEach((count, index) => (into.latencies[index] = (into.latencies[index] ?? 0) + count));
  into.aborted += aborted;
  into.seconds += seconds;
  into.dropped += dropped;
}

function sum<T>(all: readonly T[], value: (one: T) => number): number {
  return all.reduce((total, one) => total + value(one), 0);
}
