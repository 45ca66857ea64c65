import assert from 'node:assert/strict';
import {test} from 'node:test';
import {readBalancerState, serversOf, stateLine} from '../../../../../src/deploy/hosts/balancer/state.ts';
import {settings} from './states.ts';

const stored = {
  name: 'shop.prod',
  release: 4,
  previous: 3,
  hosts: ['h1'],
  size: 1,
  slots: [{host: 'h1', replica: 1, half: 'b', container: 'shop.prod.4.1', address: '10.0.0.5', port: 20_001}],
  canary: {
    release: 5,
    percent: 10,
    slots: [{host: 'h1', replica: 1, half: 'a', container: 'shop.prod.5.1', address: '10.0.0.5', port: 20_002}],
  },
  health: '/readyz',
  settings: settings(),
};

test('a state that an earlier version stored, with halves a and b, is read in colours and stored as it was', () => {
  for (const state of [stored, {...stored, canary: undefined}]) {
    const line = `# entrypoint: ${JSON.stringify(state)}`;
    const read = readBalancerState(`${line}\nbackend shop.prod\n`);
    assert.ok(read !== undefined);
    assert.deepEqual(serversOf(read.name, read.slots), ['shop.prod/h1-1b']);
    assert.equal(read.slots[0]?.colour, 'green');
    assert.equal(read.canary?.slots[0]?.colour, state.canary === undefined ? undefined : 'blue');
    assert.equal(stateLine(read), line);
  }
});
