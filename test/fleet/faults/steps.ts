import assert from 'node:assert/strict';
import {test} from 'node:test';
import {failureText} from '../load/outcome.ts';
import {brief, type Running} from '../service.ts';
import {flaws, serving} from '../state.ts';
import type {World} from '../world.ts';
import {cutSsh} from './strikes.ts';

// Strikes a deploy at each of its steps, one deploy per step, until a deploy has fewer steps than that. The echo marks
// the steps: `$ command` at the beginning, `# exit N` at the end, on any host.

interface StepFault {
  readonly title: string;
  readonly at: 'begin' | 'end';
  strike(world: World, running: Running, step: number): void;
}

const stepFaults: readonly StepFault[] = [
  {
    title:
      'the deployer is killed after every single step: the old or the new release serves, nothing is lost, and the next deploy succeeds',
    at: 'end',
    // Every other time with everything it has started, as when its machine goes down.
    strike: (_, {pid}, step) => void process.kill(step % 2 === 0 ? pid : -pid, 'SIGKILL'),
  },
  {
    title:
      'ssh is cut in the middle of every single step: one release serves everywhere, nothing is lost, and the next deploy succeeds',
    at: 'begin',
    // Each host in turn; commands that the step has started there keep running.
    strike: ({fleet}, _, step) =>
      void setTimeout(() => cutSsh(fleet, fleet.hosts[step % fleet.hosts.length] ?? ''), 40),
  },
];

const isStep = {begin: /^(?:\S+ \| )?\$ .*\bssh /, end: /^(?:\S+ \| )?# exit \d+, /} as const;

export function stepFaultTests(world: () => World, possible: {skip?: string}): void {
  for (const fault of stepFaults) test(fault.title, possible, () => strikeEachStep(world(), fault));
}

async function strikeEachStep(world: World, {at, strike}: StepFault): Promise<void> {
  const {fleet, service, generator, settle} = world;
  await settle('A');
  const load = generator.start({addresses: service.addresses(), perSecond: 40});
  const wrong: string[] = [];
  let step = 0;
  try {
    for (let reached = true; reached;) {
      step += 1;
      const [fresh, old] = step % 2 === 1 ? (['B', 'A'] as const) : (['A', 'B'] as const);
      reached = false;
      let seen = 0;
      const result = await service.start(service.deployWords(fresh), (line, running) => {
        if (!isStep[at].test(line)) return;
        seen += 1;
        if (seen !== step || reached) return;
        reached = true;
        strike(world, running, step);
      }).ended;
      const between = await serving(service, 3);
      const both = between.filter((answer) => answer !== fresh && answer !== old);
      if (both.length > 0) wrong.push(`step ${step}: the addresses answer ${between.join(', ')}\n${brief(result)}`);
      // The exit code of a deployer that was not killed decides which release must serve.
      if (result.signal === null && result.code !== null && between.join() !== (result.code === 0 ? fresh : old)) {
        wrong.push(
          `step ${step}: exit code ${result.code}, and the addresses answer ${between.join(', ')}\n${brief(result)}`,
        );
      }
      const again = await service.start(service.deployWords(fresh)).ended;
      if (again.code !== 0)
        wrong.push(
          `step ${step}: the next deploy ended with ${again.code}\n${brief(result)}\n-- then\n${brief(again)}`,
        );
      const found = await flaws(fleet, service, fresh);
      if (found.length > 0) wrong.push(`step ${step}: ${found.join('; ')}\n${brief(result)}\n-- then\n${brief(again)}`);
    }
  } finally {
    const outcome = await load.stop();
    if (outcome.failures.length > 0) wrong.push(`lost: ${failureText(outcome.failures)}`);
    if (outcome.twice.length > 0) wrong.push(`carried out twice: ${outcome.twice.join(', ')}`);
    process.stdout.write(`# ${step - 1} steps, ${outcome.sent} requests\n`);
  }
  assert.ok(step > 5, `only ${step - 1} steps were seen`);
  assert.equal(wrong.join('\n\n'), '');
}
