/** What a worker costs at least, in MiB: Python or Node, a framework, a database driver. */
const workerMegabytes = 128;

/** And each thread that has a copy of the service of its own, as Node's have. */
const threadMegabytes = 48;

export type WorkerKind = 'sync' | 'threads' | 'async';

export interface Machine {
  /** CPUs that the container may use, by its quota. */
  readonly cpus: number;
  /** MiB for all workers together; undefined without a limit. */
  readonly megabytes: number | undefined;
}

/**
 * How many worker processes: one per CPU where a worker serves many requests at once, else 2 x CPUs + 1, since some
 * wait for the database (gunicorn's own advice). Never more than the memory holds, and never less than one.
 * @see https://docs.gunicorn.org/en/stable/design.html#how-many-workers
 */
export function workerCount(kind: WorkerKind, {cpus, megabytes}: Machine): number {
  const wanted = kind === 'async' ? cpus : 2 * cpus + 1;
  return Math.max(1, Math.min(wanted, Math.floor((megabytes ?? Infinity) / workerMegabytes)));
}

/** The same for Node, whose threads share no interpreter lock: a worker with a pool keeps a CPU busy alone. */
export function nodeWorkerCount(kind: WorkerKind, threads: number, {cpus, megabytes}: Machine): number {
  if (kind !== 'threads') return workerCount(kind, {cpus, megabytes});
  return Math.max(1, Math.min(cpus, Math.floor((megabytes ?? Infinity) / (workerMegabytes + threads * threadMegabytes))));
}
