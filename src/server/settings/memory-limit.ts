import {readFileSync} from 'node:fs';
import {totalmem} from 'node:os';

const files = ['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes'];

/**
 * Heap limit for Node in MiB: three quarters of the container's memory; undefined without a limit.
 * By itself Node takes more than there is: 262 MB in a container of 256 MB.
 */
export function heapMegabytes(read: (path: string) => string | undefined = readText, machine: number = totalmem()): number | undefined {
  const limits = files.map(read).filter((text) => text !== undefined).map(Number).filter((bytes) => Number.isFinite(bytes) && bytes < machine);
  return limits.length === 0 ? undefined : Math.max(16, Math.floor((Math.min(...limits) * 0.75) / 2 ** 20));
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}
