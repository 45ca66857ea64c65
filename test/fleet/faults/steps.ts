import assert from 'node:assert/strict';
import {test} from 'node:test';
import {brief, type Running} from '../crew.ts';
import {failureText} from '../load/outcome.ts';
import {flaws, serving} from '../state.ts';
import type {World} from '../world.ts';
import {cutSsh} from './strikes.ts';

// A deploy is struck at each of its steps in turn, a deploy for each, until one ends before its turn comes. Its own echo marks
// them: `$ command` where a step begins, `# exit N` where it has ended, on any host.

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
    // Every other time with all that it has started, as when its machine goes down.
    strike: (_, {pid}, step) => void process.kill(step % 2 === 0 ? pid : -pid, 'SIGKILL'),
  },
  {
    title:
      'ssh is cut in the middle of every single step: one release serves everywhere, nothing is lost, and the next deploy succeeds',
    at: 'begin',
    // Each host in its turn; what the step has started there goes on.
    strike: ({fleet}, _, step) =>
      void setTimeout(() => cutSsh(fleet, fleet.hosts[step % fleet.hosts.length] ?? ''), 40),
  },
];

const isStep = {begin: /^(?:\S+ \| )?\$ .*\bssh /, end: /^(?:\S+ \| )?# exit \d+, /} as const;

export function stepFaultTests(world: () => World, possible: {skip?: string}): void {
  for (const fault of stepFaults) test(fault.title, possible, () => strikeEachStep(world(), fault));
}

async function strikeEachStep(world: World, {at, strike}: StepFault): Promise<void> {
  const {fleet, crew, generator, settle} = world;
  await settle('A');
  const load = generator.start({addresses: crew.addresses(), perSecond: 40});
  const wrong: string[] = [];
  let step = 0;
  try {
    for (let reached = true; reached;) {
      step += 1;
      const [fresh, old] = step % 2 === 1 ? (['B', 'A'] as const) : (['A', 'B'] as const);
      reached = false;
      let seen = 0;
      const told = await crew.start(crew.deployWords(fresh), (line, running) => {
        if (!isStep[at].test(line)) return;
        seen += 1;
        if (seen !== step || reached) return;
        reached = true;
        strike(world, running, step);
      }).ended;
      const between = await serving(crew, 3);
      const both = between.filter((answer) => answer !== fresh && answer !== old);
      if (both.length > 0) wrong.push(`step ${step}: the addresses answer ${between.join(', ')}\n${brief(told)}`);
      // A deployer that is alive has the last word on which release it is.
      if (told.signal === null && told.code !== null && between.join() !== (told.code === 0 ? fresh : old)) {
        wrong.push(
          `step ${step}: exit code ${told.code}, and the addresses answer ${between.join(', ')}\n${brief(told)}`,
        );
      }
      const again = await crew.start(crew.deployWords(fresh)).ended;
      if (again.code !== 0)
        wrong.push(`step ${step}: the next deploy ended with ${again.code}\n${brief(told)}\n-- then\n${brief(again)}`);
      const found = await flaws(fleet, crew, fresh);
      if (found.length > 0) wrong.push(`step ${step}: ${found.join('; ')}\n${brief(told)}\n-- then\n${brief(again)}`);
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
