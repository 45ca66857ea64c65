import assert from 'node:assert/strict';
import {test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {failureText} from './load/outcome.ts';
import {flaws, snapshot, things} from './state.ts';
import type {World} from './world.ts';

/** Changes of a fleet: hosts that join, leave and die, and dedicated balancers. */
export function changes(world: () => World, long: {skip?: string}): void {
  test('a host that deploy.yaml no longer lists is drained and cleared; listed again, it serves', long, async () => {
    const {fleet, service, generator, settle} = world();
    await settle('A');
    const [first = '', second = '', third = ''] = fleet.hosts;
    // Only the two hosts that keep serving.
    const load = generator.start({addresses: service.addresses().slice(0, 2), perSecond: 60});
    await settle('B', {hosts: [first, second]});
    assert.deepEqual(things(fleet, service, third), []);
    assert.deepEqual(await flaws({...fleet, hosts: [first, second]}, service, 'B'), []);
    await settle('A');
    assert.deepEqual(await flaws(fleet, service, 'A'), []);
    assert.equal(failureText((await load.stop()).failures), '');
  });

  test('--skip-unreachable skips a dead host, and the next deploy brings it up to date', long, async () => {
    const {fleet, service, deploy, settle} = world();
    await settle('A');
    const [third = ''] = fleet.hosts.slice(-1);
    fleet.outer('pause', third);
    try {
      const {code, stderr} = await deploy('B', '--verbose');
      assert.equal(code, 69, stderr);
      const skipped = await service.start([...service.deployWords('B'), '--skip-unreachable']).ended;
      assert.equal(skipped.code, 0, skipped.stderr);
      assert.match(skipped.stderr, new RegExp(`skipping a host: cannot reach ${third}`));
    } finally {
      fleet.outer('unpause', third);
    }
    await settle('B');
    assert.deepEqual(await flaws(fleet, service, 'B'), []);
  });

  test(
    'a dedicated balancer spreads over all hosts; deploys lose nothing, and the script of a dry run does the same',
    long,
    async () => {
      const {fleet, service, generator, deploy, settle} = world();
      service.run('remove', 'prod');
      await settle('A', {dedicated: true});
      const load = generator.start({addresses: service.addresses(), perSecond: 80});
      for (const version of ['B', 'A'] as const) {
        load.expect(undefined);
        await settle(version, {dedicated: true});
        load.expect(version);
        await sleep(500);
      }
      const {failures, stale, twice, sent} = await load.stop();
      assert.equal(failureText(failures), '');
      assert.deepEqual({stale, twice}, {stale: [], twice: []});
      assert.ok(sent > 300, `${sent} requests`);
      const state = (): string[] =>
        [...fleet.hosts, ...fleet.balancers].map((machine) => snapshot(fleet, service, machine));
      const deployed = state();
      await settle('B', {dedicated: true});
      const script = await deploy('A', '--dry-run');
      const scripted = service.shell('sh', [], script.stdout);
      assert.equal(scripted.code, 0, scripted.stderr);
      assert.deepEqual(await flaws(fleet, service, 'A'), []);
      assert.deepEqual(state(), deployed, 'the state after the script of a dry run');
      const {code, stderr} = service.run('remove', 'prod', '--volumes');
      assert.equal(code, 0, stderr);
      for (const machine of [...fleet.hosts, ...fleet.balancers]) assert.deepEqual(things(fleet, service, machine), []);
    },
  );
}
