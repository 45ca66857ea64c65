import assert from 'node:assert/strict';
import {test} from 'node:test';
import {prune} from './faults/strikes.ts';
import {flaws} from './state.ts';
import type {World} from './world.ts';

/** What a prune leaves, and what a deploy leaves on the disk. */
export function prunes(world: () => World, long: {skip?: string}): void {
  test(
    'after a prune of every host, a rollback creates the old release anew, and another one returns',
    long,
    async () => {
      const {fleet, service, settle} = world();
      await settle('A');
      await settle('B');
      for (const host of fleet.hosts) {
        prune(fleet, host);
        // Engines before 23 do this as part of the other.
        fleet.on(host, `docker volume ls --quiet | grep -F '.log.' | xargs -r docker volume rm >/dev/null`);
      }
      const history = service.run('history', 'prod');
      assert.match(history.stdout, /the release log of \S+ was removed/);
      const back = service.run('rollback', 'prod');
      assert.equal(back.code, 0, back.stderr);
      assert.match(back.stderr, /# \S+-h1 has no containers of release \d+: it gets new ones/);
      assert.deepEqual(await flaws(fleet, service, 'A'), []);
      for (const host of fleet.hosts) prune(fleet, host);
      const again = service.run('rollback', 'prod');
      assert.equal(again.code, 0, again.stderr);
      assert.deepEqual(await flaws(fleet, service, 'B'), []);
    },
  );

  test('the images on a host are those of the kept releases; remove leaves none', long, async () => {
    const {fleet, service, settle} = world();
    const [host = ''] = fleet.hosts;
    const images = (): number =>
      Number(fleet.on(host, `docker image ls --no-trunc --quiet ${fleet.registry}/${service.name} | sort -u | wc -l`));
    for (const version of ['A', 'B', 'A'] as const) {
      service.renew(version);
      await settle(version, {also: ['keep_releases: 2']});
    }
    assert.equal(images(), 2);
    const {code, stderr} = service.run('remove', 'prod');
    assert.equal(code, 0, stderr);
    assert.equal(images(), 0);
  });
}
