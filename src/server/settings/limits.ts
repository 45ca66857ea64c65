import {availableParallelism, totalmem} from 'node:os';
import {cgroupDirectories, readText, type ReadText} from './cgroup.ts';

const minHeapMegabytes = 16;

/**
 * Number of CPUs that this process can keep busy, at least 1: those that it is allowed to run on (cpuset, affinity), or
 * fewer by the smallest quota of its cgroup and of those above it.
 */
export function cpuCount(read: ReadText = readText, machine: number = availableParallelism()): number {
  const {v1, v2} = cgroupDirectories('cpu', read);
  const quotas = [
    ...v2.map((directory) => read(`${directory}/cpu.max`)),
    // Version 1 has quota and period in two files.
    ...v1.map((directory) => `${read(`${directory}/cpu.cfs_quota_us`)} ${read(`${directory}/cpu.cfs_period_us`)}`),
  ]
    .map((text) => (text ?? '').split(/\s+/).map(Number))
    .map(([quota = Number.NaN, period = Number.NaN]) => quota / period)
    .filter((cpus) => cpus > 0);
  return Math.max(1, Math.floor(Math.min(machine, ...quotas)));
}

/**
 * Memory for the heaps of all workers in MiB: three quarters of the smallest limit of the process's cgroup and of those
 * above it; undefined without a limit. Node's own limit exceeds the memory: 262 MB in a container of 256 MB.
 * @param constrained the limit that libuv finds, in case of a hierarchy that this does not understand; 0: none
 */
export function heapMegabytes(
  read: ReadText = readText,
  machine: number = totalmem(),
  constrained: number = process.constrainedMemory(),
): number | undefined {
  const {v1, v2} = cgroupDirectories('memory', read);
  const limits = [
    // Above memory.high, the kernel slows a process down until it has given memory back.
    ...v2.flatMap((directory) => ['memory.max', 'memory.high'].map((name) => read(`${directory}/${name}`))),
    ...v1.map((directory) => read(`${directory}/memory.limit_in_bytes`)),
    String(constrained),
  ]
    .map(Number)
    .filter((bytes) => bytes > 0 && bytes < machine);
  return limits.length === 0
    ? undefined
    : Math.max(minHeapMegabytes, Math.floor((Math.min(...limits) * 0.75) / 2 ** 20));
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

/**
 * The old generation of each heap of a worker in MiB, so that all its heaps share `megabytes`. With `threads`, there are
 * two more than threads: that of the event loop, and that of the thread for fast requests. Their young generations count
 * as well, @see semiSpaceMegabytes; a single one has room in the quarter of the memory that is left for everything else.
 */
export function heapLimit(kind: WorkerKind, threads: number, megabytes: number): number {
  const each = kind === 'threads' ? megabytes / (threads + 2) / (1 + youngShare) : megabytes;
  return Math.max(minHeapMegabytes, Math.floor(each));
}

/**
 * A warning if the heaps of this many workers can be larger than three quarters of the memory: because of `--max-heap`, of
 * more threads than have room for the smallest heap, or of workers that were added later.
 * @param megabytes reads three quarters of the memory, only if the heaps have a limit
 */
export function heapWarning(
  {workerClass, threads, maxHeap}: Readonly<{workerClass: WorkerKind; threads: number; maxHeap: number}>,
  workers: number,
  megabytes: () => number | undefined = heapMegabytes,
): {readonly message: string; readonly fix: string} | undefined {
  const each = workerClass === 'threads' ? Math.floor(maxHeap * (threads + 2) * (1 + youngShare)) : maxHeap;
  const most = each === 0 ? undefined : megabytes();
  if (most === undefined || workers * each <= most) return undefined;
  return {
    message: `the heaps of ${workers} ${workers === 1 ? 'worker' : 'workers'} can grow to ${workers * each} MiB, and three quarters of the memory are ${most} MiB`,
    fix: 'fewer workers or threads, a lower --max-heap, or more memory',
  };
}

/** V8's own limit of a young generation: three semi-spaces of 16 MiB. */
const defaultSemiSpace = 16;
const semiSpaces = 3;
const youngShare = 1 / 4;

/**
 * The size of a semi-space in MiB for heaps of `maxHeap` MiB, so that the young generation is at most a quarter of the old
 * one; undefined where V8's own is small enough.
 */
export function semiSpaceMegabytes(maxHeap: number): number | undefined {
  const wanted = Math.max(1, Math.floor((maxHeap * youngShare) / semiSpaces));
  return wanted < defaultSemiSpace ? wanted : undefined;
}
