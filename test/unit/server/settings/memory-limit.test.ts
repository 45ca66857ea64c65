import assert from 'node:assert/strict';
import {test} from 'node:test';
import {heapLimit, heapMegabytes, heapWarning, semiSpaceMegabytes} from '../../../../src/server/settings/limits.ts';

const mebibyte = 2 ** 20;

/** Three quarters of the limit that these files state, on a machine of 8 GiB. */
function heap(files: Readonly<Record<string, string>>, constrained = 0): number | undefined {
  return heapMegabytes((path) => files[path.replace('/sys/fs/cgroup/', '')], 8192 * mebibyte, constrained);
}
const limit = (megabytes: number): string => String(megabytes * mebibyte);

test('the limit of a container is found in both versions of cgroups, without one there is none', () => {
  assert.equal(heap({'memory.max': limit(512)}), 384);
  assert.equal(heap({'memory/memory.limit_in_bytes': limit(256)}), 192);
  assert.equal(heap({'memory.max': 'max', 'memory/memory.limit_in_bytes': '9223372036854771712'}), undefined);
  assert.equal(heap({}), undefined);
});

test('a limit below the mount, of systemd, counts, as does that of each slice above, and the soft one', () => {
  const files = {'/proc/self/cgroup': '0::/user.slice/a b.slice/shop.service'};
  assert.equal(heap({...files, 'user.slice/a b.slice/shop.service/memory.max': limit(512)}), 384);
  assert.equal(heap({...files, 'user.slice/a b.slice/memory.max': limit(400)}), 300);
  assert.equal(heap({...files, 'user.slice/memory.high': limit(200), 'memory.max': limit(512)}), 150);
});

test("a container that sees the host's names finds its own cgroup at the mount", () => {
  const files = {
    '/proc/self/cgroup': '9:name=systemd:/docker/1f\n4:cpu,memory:/docker/1f/inner\n0::/docker/1f',
    '/proc/self/mountinfo': '40 30 0:31 /docker/1f /sys/fs/cgroup/memory ro,nosuid master:15 - cgroup cgroup rw,memory',
  };
  assert.equal(heap({...files, 'memory/memory.limit_in_bytes': limit(256)}), 192);
  assert.equal(heap({...files, 'memory/inner/memory.limit_in_bytes': limit(128)}), 96);
});

test('the hierarchy can be mounted elsewhere, and a process outside of it takes the limit of the mount', () => {
  const mountinfo = '40 30 0:31 / /mnt/c\\040g rw - cgroup2 none rw';
  const outside = {'/proc/self/cgroup': '0::/../other', '/proc/self/mountinfo': mountinfo};
  assert.equal(heap({...outside, '/mnt/c g/memory.max': limit(512)}), 384);
});

test('a limit that only libuv finds counts as well', () => {
  assert.equal(heap({}, 512 * mebibyte), 384);
  assert.equal(heap({'memory.max': limit(256)}, 512 * mebibyte), 192);
});

test('with threads, the heaps of all threads and of the event loop fit together, young generations included', () => {
  for (const megabytes of [192, 384, 3072]) {
    for (const threads of [1, 4, 16]) {
      const each = heapLimit('threads', threads, megabytes);
      const young = 3 * (semiSpaceMegabytes(each) ?? 16);
      if (each > 16) assert.ok((threads + 2) * (each + young) <= megabytes, `${threads} threads in ${megabytes} MiB`);
    }
  }
  assert.equal(heapLimit('async', 4, 384), 384);
});

const warns = (workerClass: 'async' | 'threads', threads: number, maxHeap: number, workers: number): boolean =>
  heapWarning({workerClass, threads, maxHeap}, workers, () => 384) !== undefined;

test('heaps that can exceed three quarters of the memory are warned of: too many threads, workers, or MiB by --max-heap', () => {
  assert.equal(warns('async', 1, heapLimit('async', 1, 384 / 2), 2), false);
  assert.equal(warns('async', 1, heapLimit('async', 1, 384 / 2), 3), true);
  assert.equal(warns('async', 1, 400, 1), true);
  assert.equal(warns('threads', 4, heapLimit('threads', 4, 384), 1), false);
  assert.equal(warns('threads', 64, heapLimit('threads', 64, 384), 1), true);
  assert.match(
    heapWarning({workerClass: 'async', threads: 1, maxHeap: 400}, 1, () => 384)?.message ?? '',
    /^the heaps of 1 worker can grow to 400 MiB, and three quarters of the memory are 384 MiB$/,
  );
  // Without a limit of memory, or of the heaps.
  assert.equal(
    heapWarning({workerClass: 'async', threads: 1, maxHeap: 400}, 1, () => undefined),
    undefined,
  );
  assert.equal(warns('async', 1, 0, 9), false);
});
