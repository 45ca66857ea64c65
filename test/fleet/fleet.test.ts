import {after} from 'node:test';
import {all} from '../support/long.ts';
import {balancers} from './balancers.ts';
import {changes} from './changes.ts';
import {deploys} from './deploys.ts';
import {runFaults} from './faults/run.ts';
import {stepFaultTests} from './faults/steps.ts';
import {faults} from './faults/table.ts';
import {longRun} from './long-run.ts';
import {makeWorld, type World} from './world.ts';

// Real hosts, as containers with sshd and an engine of their own. Bringing them up is most of the time, so that all share them.

const up = await makeWorld({hosts: 3, balancers: 1, lastDisk: '2g'});
const possible = typeof up === 'string' ? {skip: up} : {};
// `npm test` has not the time for it.
const long = all ? possible : {skip: 'part of npm run test:fleet'};
// Nobody asks it for anything where the tests are skipped.
const world = (): World => up as World;

after(() => {
  if (typeof up !== 'string') up.down();
});

deploys(world, possible, long);
changes(world, long);
balancers(world, long);
runFaults(
  world,
  faults.filter(({usual}) => all || usual === true),
  possible,
);
if (all) {
  stepFaultTests(world, possible);
  longRun(world, possible);
}
