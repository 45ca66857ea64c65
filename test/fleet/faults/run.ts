import assert from 'node:assert/strict';
import {test} from 'node:test';
import {until} from '../../support/until.ts';
import {brief, type Outcome, type Version} from '../crew.ts';
import {failureText} from '../load/outcome.ts';
import {flaws, serving, things} from '../state.ts';
import type {World} from '../world.ts';
import type {Fault} from './fault.ts';
import {recover} from './strikes.ts';

/** However a deploy goes wrong, its user knows by then. */
const limitSeconds = 120;

/** Runs each fault of a table under load. */
export function runFaults(world: () => World, faults: readonly Fault[], possible: {skip?: string}): void {
  let apart = false;
  for (const fault of faults) {
    test(fault.title, possible, async () => {
      const wanted = fault.wish?.apart === true;
      // Users would notice; here it only clears the ground.
      if (wanted !== apart) world().crew.run('remove', 'prod');
      apart = wanted;
      await strikeOnce(world(), fault);
    });
  }
}

async function strikeOnce(world: World, fault: Fault): Promise<void> {
  const {fleet, crew, generator, describe, settle} = world;
  const apart = fault.wish?.apart === true ? {apart: true} : {};
  // A fault before this one may have ended half-way.
  for (const machine of [...fleet.hosts, ...fleet.balancers]) recover(fleet, machine);
  describe(apart);
  const [serves] = await serving(crew, 2);
  const old: Version = serves === 'A' ? 'A' : 'B';
  const fresh: Version = old === 'A' ? 'B' : 'A';
  if ((await flaws(fleet, crew, old)).length > 0) await settle(old, apart);
  if (fault.freshImage === true) crew.renew(fresh);
  const struck = fault.struck?.(world) ?? fleet.hosts.at(-1) ?? '';

  const load = generator.start({addresses: crew.addresses(), perSecond: 60});
  let told: Outcome;
  try {
    describe(fault.wish);
    told = await deployStruck(world, fault, struck, fresh);
    const ends = fault.ends ?? 'by code';
    if (ends === 'old') assert.notEqual(told.code, 0, brief(told));
    if (ends === 'new') assert.equal(told.code, 0, brief(told));
    if (fault.says !== undefined)
      assert.ok(fault.says.test(told.stderr), `it does not say ${fault.says}\n${brief(told)}`);
    assert.doesNotMatch(told.stderr, /^ {4}at .*:\d+:\d+\)?$/m, 'a stack trace reached the user');
    if (fault.staysAsItIs !== true) await eventuallyServes(world, told.code === 0 ? fresh : old, told);
    await fault.also?.(world, told);

    describe(apart);
    const again = await crew.start(crew.deployWords(fresh)).ended;
    assert.equal(again.code, 0, `the second deploy failed\n${brief(again)}\n-- the first one said:\n${brief(told)}`);
    load.expect(fresh);
    assert.deepEqual(
      await flaws(fleet, crew, fresh),
      [],
      `after the second deploy\n${brief(again)}\n-- the first one said:\n${brief(told)}`,
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
  assert.equal(failureText(lost), '', `lost; the deploy said:\n${brief(told)}`);
  assert.deepEqual(outcome.twice, [], 'POSTs that were carried out twice');
  assert.deepEqual(outcome.stale, [], `answers of ${old} after the deploy of ${fresh} had returned`);
}

/** The deploy that goes wrong, and what mends the machine afterwards. */
async function deployStruck(
  world: World,
  {strike, during, duringAnywhere, delayMs = 0, words, environment}: Fault,
  struck: string,
  version: Version,
): Promise<Outcome> {
  const {crew} = world;
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
    const running = crew.start(
      words?.(world, version) ?? crew.deployWords(version),
      (line) => {
        // Where several hosts are worked on, each line of a command begins with its host.
        if (!due || during?.test(line) !== true || (isHost && !line.startsWith(`${struck} | `))) return;
        due = false;
        setTimeout(hit, delayMs);
      },
      environment?.(world),
    );
    const timer = setTimeout(() => running.kill('SIGKILL'), limitSeconds * 1000);
    const told = await running.ended;
    clearTimeout(timer);
    assert.equal(told.signal, null, `the deploy did not end within ${limitSeconds} s\n${brief(told)}`);
    if (wrong.length > 0) throw wrong[0];
    assert.ok(!due, `it did not strike: no command matched ${during}\n${brief(told)}`);
    return told;
  } finally {
    for (const mend of mends) mend();
  }
}

// A machine that comes back takes some seconds until its containers answer.
async function eventuallyServes({fleet, crew}: World, version: Version, told: Outcome): Promise<void> {
  let answers: readonly string[] = [];
  const found = (): string => {
    const hosts = fleet.hosts.map((host) => `${host}: ${things(fleet, crew, host).join('; ')}`).join('\n');
    return `${answers.join(', ')} serve, not ${version} alone, after a deploy\n${hosts}\n${brief(told)}`;
  };
  await until(found, async () => (answers = await serving(crew)).join() === version, 30, 500);
}
