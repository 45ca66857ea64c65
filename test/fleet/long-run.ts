import assert from 'node:assert/strict';
import {test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {pruneRepeatedly} from './faults/strikes.ts';
import {failureText} from './load/outcome.ts';
import {brief} from './service.ts';
import {flaws} from './state.ts';
import type {World} from './world.ts';

const requests = 100_000;
const deploysAtLeast = 30;
const perSecond = Number(process.env['ENTRYPOINT_TEST_RATE'] ?? 300);

/** The main promise, over a long time. With `pruneSeconds`, every host is pruned again and again meanwhile. */
export function longRun(
  world: () => World,
  possible: {skip?: string},
  {pruneSeconds}: {pruneSeconds?: number} = {},
): void {
  test(
    `0 failed requests in ${requests} at ${perSecond} a second, over at least ${deploysAtLeast} deploys of alternating versions${pruneSeconds === undefined ? '' : `, with a prune of every host every ${pruneSeconds} s`}`,
    possible,
    async () => {
      const {fleet, service, generator, deploy, settle} = world();
      await settle('A');
      const started = Date.now();
      const load = generator.start({addresses: service.addresses(), perSecond});
      let deployed = 0;
      const seconds: number[] = [];
      let failed = '';
      const prunes =
        pruneSeconds === undefined ? [] : fleet.hosts.map((host) => pruneRepeatedly(fleet, host, pruneSeconds));
      while (failed === '' && (deployed < deploysAtLeast || ((Date.now() - started) / 1000) * perSecond < requests)) {
        const version = deployed % 2 === 0 ? 'B' : 'A';
        load.expect(undefined);
        const begun = Date.now();
        const outcome = await deploy(version);
        if (outcome.code !== 0) failed = brief(outcome);
        else load.expect(version);
        seconds.push((Date.now() - begun) / 1000);
        deployed += 1;
        // Long enough that an answer of the old version would be seen.
        await sleep(1500);
      }
      const pruned = prunes.map((stop) => stop());
      const {sent, answered, failures, twice, executed, kinds, stale, latency} = await load.stop();
      assert.equal(failed, '');
      const middle = seconds.toSorted((a, b) => a - b)[Math.floor(seconds.length / 2)];
      process.stdout.write(
        `# ${sent} requests, ${failures.length} failed, ${executed} POSTs carried out, ${twice.length} twice; ${deployed} deploys of ${middle?.toFixed(1)} s; ${pruned.length === 0 ? '' : `prunes: ${pruned.join(', ')}; `}` +
          `latency ms: ${JSON.stringify(latency)}; ${JSON.stringify(kinds)}\n`,
      );
      assert.ok(
        pruned.every((times) => times >= 10),
        pruned.join(),
      );
      assert.equal(failureText(failures), '');
      assert.deepEqual(twice, []);
      assert.deepEqual(stale, [], 'answers of the old version after a deploy had returned');
      assert.equal(sent, answered);
      assert.ok(sent >= requests && deployed >= deploysAtLeast);
      assert.deepEqual(await flaws(fleet, service, deployed % 2 === 0 ? 'A' : 'B'), []);
    },
  );
}
