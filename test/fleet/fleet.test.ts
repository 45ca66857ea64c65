import {after} from 'node:test';
import {all} from '../support/long.ts';
import {balancers} from './balancers.ts';
import {changes} from './changes.ts';
import {deploys} from './deploys.ts';
import {runFaults} from './faults/run.ts';
import {stepFaultTests} from './faults/steps.ts';
import {faults} from './faults/table.ts';
import {generatedFiles} from './generated.ts';
import {logDrivers} from './log-drivers/log-drivers.ts';
import {longRun} from './long-run.ts';
import {prunes} from './prunes.ts';
import {registryLogins} from './registry-logins.ts';
import {screens} from './screens.ts';
import {secrets} from './secrets.ts';
import {sshTests} from './ssh/ssh.ts';
import {makeWorld, type World} from './world.ts';

// Real hosts, as containers with sshd and an engine of their own. All tests share them: starting them takes most of the time.

const up = await makeWorld({hosts: 3, balancers: 1, lastDisk: '2g'});
const possible = typeof up === 'string' ? {skip: up} : {};
// Too slow for `npm test`.
const long = all ? possible : {skip: 'part of npm run test:fleet'};
// Never called if the tests are skipped.
const world = (): World => up as World;

after(() => {
  if (typeof up !== 'string') up.down();
});

deploys(world, possible, long);
changes(world, long);
balancers(world, long);
registryLogins(world, long);
secrets(world, long);
prunes(world, long);
logDrivers(world, long);
screens(world, long);
runFaults(
  world,
  faults.filter(({usual}) => all || usual === true),
  possible,
);
if (all) {
  generatedFiles(world, possible);
  sshTests(world, possible);
  stepFaultTests(world, possible);
  longRun(world, possible);
  longRun(world, possible, {pruneSeconds: 20});
}
