import assert from 'node:assert/strict';
import {test} from 'node:test';
import {until} from '../../support/until.ts';
import {failureText} from '../load/outcome.ts';
import {brief, type Outcome, type Version} from '../service.ts';
import {flaws, serving, things} from '../state.ts';
import type {World} from '../world.ts';
import type {Fault} from './fault.ts';
import {recover} from './strikes.ts';

/** Every deploy ends within this time, however it fails. */
const limitSeconds = 120;

/** Runs each fault of a table under load. */
export function runFaults(world: () => World, faults: readonly Fault[], possible: {skip?: string}): void {
  let dedicated = false;
  for (const fault of faults) {
    test(fault.title, possible, async () => {
      const wanted = fault.settings?.dedicated === true;
      // The topology of the balancers cannot change in place.
      if (wanted !== dedicated) world().service.run('remove', 'prod');
      dedicated = wanted;
      await strikeOnce(world(), fault);
    });
  }
}

async function strikeOnce(world: World, fault: Fault): Promise<void> {
  const {fleet, service, generator, describe, settle} = world;
  const dedicated = fault.settings?.dedicated === true ? {dedicated: true} : {};
  // An earlier fault may have ended half-way.
  for (const machine of [...fleet.hosts, ...fleet.balancers]) recover(fleet, machine);
  describe(dedicated);
  const [serves] = await serving(service, 2);
  const old: Version = serves === 'A' ? 'A' : 'B';
  const fresh: Version = old === 'A' ? 'B' : 'A';
  if ((await flaws(fleet, service, old)).length > 0) await settle(old, dedicated);
  if (fault.freshImage === true) service.renew(fresh);
  const struck = fault.struck?.(world) ?? fleet.hosts.at(-1) ?? '';

  const load = generator.start({addresses: service.addresses(), perSecond: 60});
  let result: Outcome;
  try {
    describe(fault.settings);
    result = await deployStruck(world, fault, struck, fresh);
    const ends = fault.ends ?? 'by code';
    if (ends === 'old') assert.notEqual(result.code, 0, brief(result));
    if (ends === 'new') assert.equal(result.code, 0, brief(result));
    if (fault.code !== undefined) assert.equal(result.code, fault.code, brief(result));
    if (fault.says !== undefined)
      assert.ok(fault.says.test(result.stderr), `the standard error does not match ${fault.says}\n${brief(result)}`);
    assert.doesNotMatch(result.stderr, /^ {4}at .*:\d+:\d+\)?$/m, 'a stack trace reached the user');
    if (fault.staysAsItIs !== true) await eventuallyServes(world, result.code === 0 ? fresh : old, result);
    await fault.also?.(world, result);

    describe(dedicated);
    const again = await service.start(service.deployWords(fresh)).ended;
    assert.equal(again.code, 0, `the second deploy failed\n${brief(again)}\n-- the first one said:\n${brief(result)}`);
    load.expect(fresh);
    assert.deepEqual(
      await flaws(fleet, service, fresh),
      [],
      `after the second deploy\n${brief(again)}\n-- the first one said:\n${brief(result)}`,
    );
  } catch (error) {
    // One load at a time.
    await load.stop();
    throw error;
  }
  const outcome = await load.stop();
  const allowed = fault.loses ?? 'nothing';
  const lost = outcome.failures.filter(
    (failure) => allowed === 'nothing' || !allowed(failure, fleet.addressOf(struck)),
  );
  assert.equal(failureText(lost), '', `lost; the deploy said:\n${brief(result)}`);
  assert.deepEqual(outcome.twice, [], 'POSTs that were carried out twice');
  assert.deepEqual(outcome.stale, [], `answers of ${old} after the deploy of ${fresh} had returned`);
}

/** Runs the struck deploy, and repairs the machine afterwards. */
async function deployStruck(
  world: World,
  {strike, during, duringAnywhere, delayMs = 0, words, environment}: Fault,
  struck: string,
  version: Version,
): Promise<Outcome> {
  const {service} = world;
  const mends: (() => void)[] = [];
  const wrong: unknown[] = [];
  let due = strike !== undefined;
  const hit = (): void => {
    try {
      mends.push(strike?.(world, struck) ?? (() => {}));
    } catch (error) {
      wrong.push(error);
    }
  };
  try {
    if (due && during === undefined) {
      due = false;
      hit();
    }
    const isHost = duringAnywhere !== true && world.fleet.hosts.includes(struck);
    const running = service.start(
      words?.(world, version) ?? service.deployWords(version),
      (line) => {
        // With several hosts, each line of a command begins with its host.
        if (!due || during?.test(line) !== true || (isHost && !line.startsWith(`${struck} | `))) return;
        due = false;
        setTimeout(hit, delayMs);
      },
      environment?.(world),
    );
    const timer = setTimeout(() => running.kill('SIGKILL'), limitSeconds * 1000);
    const result = await running.ended;
    clearTimeout(timer);
    assert.equal(result.signal, null, `the deploy did not end within ${limitSeconds} s\n${brief(result)}`);
    if (wrong.length > 0) throw wrong[0];
    assert.ok(!due, `it did not strike: no command matched ${during}\n${brief(result)}`);
    return result;
  } finally {
    for (const mend of mends) mend();
  }
}

// The containers of a repaired machine take some seconds to answer.
async function eventuallyServes({fleet, service}: World, version: Version, result: Outcome): Promise<void> {
  let answers: readonly string[] = [];
  const found = (): string => {
    const hosts = fleet.hosts.map((host) => `${host}: ${things(fleet, service, host).join('; ')}`).join('\n');
    return `${answers.join(', ')} serve, not ${version} alone, after a deploy\n${hosts}\n${brief(result)}`;
  };
  await until(found, async () => (answers = await serving(service)).join() === version, 30, 500);
}
