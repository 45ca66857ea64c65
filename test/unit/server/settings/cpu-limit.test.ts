import assert from 'node:assert/strict';
import {test} from 'node:test';
import {cpuCount} from '../../../../src/server/settings/limits.ts';

const count = (files: Readonly<Record<string, string>>, machine = 8): number =>
  cpuCount((path) => files[path.replace('/sys/fs/cgroup/', '')], machine);

test('the quota of the container limits the CPUs, in both versions of cgroups', () => {
  assert.equal(count({'cpu.max': '200000 100000'}), 2);
  assert.equal(count({'cpu/cpu.cfs_quota_us': '300000', 'cpu/cpu.cfs_period_us': '100000'}), 3);
  assert.equal(count({'cpu,cpuacct/cpu.cfs_quota_us': '50000', 'cpu,cpuacct/cpu.cfs_period_us': '25000'}), 2);
});

test('the smallest quota counts of the cgroup of the process and of all above it', () => {
  const files = {
    '/proc/self/cgroup': '0::/system.slice/shop.service',
    '/proc/self/mountinfo': '30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate',
    'system.slice/shop.service/cpu.max': 'max 100000',
    'system.slice/cpu.max': '300000 100000',
  };
  assert.equal(count(files), 3);
  assert.equal(count({...files, 'system.slice/shop.service/cpu.max': '200000 100000'}), 2);
});

test('a fraction of a CPU is rounded down, but never to zero', () => {
  assert.equal(count({'cpu.max': '150000 100000'}), 1);
  assert.equal(count({'cpu.max': '20000 100000'}), 1);
});

test('without a quota, or with one larger than the machine, all CPUs count', () => {
  assert.equal(count({}), 8);
  assert.equal(count({'cpu.max': 'max 100000'}), 8);
  assert.equal(count({'cpu/cpu.cfs_quota_us': '-1', 'cpu/cpu.cfs_period_us': '100000'}), 8);
  assert.equal(count({'cpu.max': '1600000 100000'}), 8);
});
