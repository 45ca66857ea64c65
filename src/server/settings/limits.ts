import {readFileSync} from 'node:fs';
import {availableParallelism, totalmem} from 'node:os';

// cgroup v2 has quota and period in one file, v1 in two.
const cpuFiles: readonly (readonly string[])[] = [
  ['/sys/fs/cgroup/cpu.max'],
  ...['cpu', 'cpu,cpuacct'].map((directory) => [
    `/sys/fs/cgroup/${directory}/cpu.cfs_quota_us`,
    `/sys/fs/cgroup/${directory}/cpu.cfs_period_us`,
  ]),
];

/**
 * Number of CPUs that this process can keep busy, at least 1: those that it is allowed to run on, or fewer by the quota of
 * its container. Node respects the quota only if the cgroup is mounted as it expects.
 */
export function cpuCount(
  read: (path: string) => string | undefined = readText,
  machine: number = availableParallelism(),
): number {
  const quotas = cpuFiles
    .map((paths) => paths.map(read).join(' ').trim().split(/\s+/).map(Number))
    .map(([quota = Number.NaN, period = Number.NaN]) => quota / period)
    .filter((cpus) => cpus > 0);
  return Math.max(1, Math.floor(Math.min(machine, ...quotas)));
}

const memoryFiles = ['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes'];

/**
 * Heap limit for Node in MiB: three quarters of the container's memory; undefined without a limit.
 * Node's own limit exceeds the memory: 262 MB in a container of 256 MB.
 */
export function heapMegabytes(
  read: (path: string) => string | undefined = readText,
  machine: number = totalmem(),
): number | undefined {
  const limits = memoryFiles
    .map(read)
    .filter((text) => text !== undefined)
    .map(Number)
    .filter((bytes) => Number.isFinite(bytes) && bytes < machine);
  return limits.length === 0 ? undefined : Math.max(16, Math.floor((Math.min(...limits) * 0.75) / 2 ** 20));
}

/** Minimum memory of a worker in MiB: Python or Node, a framework, a database driver. */
const workerMegabytes = 128;

/** Additional memory of each thread with its own copy of the service, in MiB. */
const threadMegabytes = 48;

export type WorkerKind = 'sync' | 'threads' | 'async';

export interface Resources {
  /** CPUs of the container, by its quota. */
  readonly cpus: number;
  /** MiB for all workers together; undefined without a limit. */
  readonly megabytes: number | undefined;
}

/**
 * Number of worker processes: one per CPU if a worker serves many requests at once, else 2 x CPUs + 1, since some wait for
 * the database (gunicorn's recommendation). At most as many as fit into the memory, at least one.
 * @see https://docs.gunicorn.org/en/stable/design.html#how-many-workers
 */
export function workerCount(kind: WorkerKind, {cpus, megabytes}: Resources): number {
  const wanted = kind === 'async' ? cpus : 2 * cpus + 1;
  return Math.max(1, Math.min(wanted, Math.floor((megabytes ?? Infinity) / workerMegabytes)));
}

/** The same for Node, whose threads share no interpreter lock: one worker with a pool keeps a CPU busy. */
export function nodeWorkerCount(kind: WorkerKind, threads: number, {cpus, megabytes}: Resources): number {
  if (kind !== 'threads') return workerCount(kind, {cpus, megabytes});
  return Math.max(
    1,
    Math.min(cpus, Math.floor((megabytes ?? Infinity) / (workerMegabytes + threads * threadMegabytes))),
  );
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}
