import {readFileSync} from 'node:fs';
import {availableParallelism} from 'node:os';

// Version 2 of cgroups tells quota and period in one file, version 1 in two.
const files: readonly (readonly string[])[] = [
  ['/sys/fs/cgroup/cpu.max'],
  ...['cpu', 'cpu,cpuacct'].map((folder) => [`/sys/fs/cgroup/${folder}/cpu.cfs_quota_us`, `/sys/fs/cgroup/${folder}/cpu.cfs_period_us`]),
];

/**
 * CPUs that this process may keep busy, at least one: those of the machine that it may run on, or fewer by the quota of
 * its container. Node knows the quota itself where the cgroup is mounted as it expects, which is not so everywhere.
 */
export function cpuCount(read: (path: string) => string | undefined = readText, machine: number = availableParallelism()): number {
  const quotas = files.map((paths) => paths.map(read).join(' ').trim().split(/\s+/).map(Number))
    .map(([quota = Number.NaN, period = Number.NaN]) => quota / period).filter((cpus) => cpus > 0);
  return Math.max(1, Math.floor(Math.min(machine, ...quotas)));
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}
