import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import * as fc from 'fast-check';
import {readBalancerState, renderHaproxyConfig} from '../../../src/engines/haproxy-config.ts';
import type {BalancerState} from '../../../src/engines/haproxy-config.ts';

const state: BalancerState = {
  release: 3, previous: 2, size: 2, health: '/readyz',
  slots: [
    {replica: 1, half: 'b', container: 'buy.local.3.1', port: 3000},
    {replica: 2, half: 'b', container: 'buy.local.3.2', port: 3000},
  ],
};

describe('the balancer configuration', () => {
  test('each replica has two servers, of which the free one is disabled', () => {
    const servers = renderHaproxyConfig(state).split('\n').filter((line) => /^ +server /.test(line));
    assert.deepEqual(servers, [
      '    server 1a 127.0.0.1:1 check disabled',
      '    server 1b buy.local.3.1:3000 check',
      '    server 2a 127.0.0.1:1 check disabled',
      '    server 2b buy.local.3.2:3000 check',
    ]);
  });

  test('only requests that are safe to repeat are sent again', () => {
    assert.match(renderHaproxyConfig(state), /disable-l7-retry unless METH_GET or \{ method HEAD OPTIONS \}/);
  });

  test('a configuration of somebody else is not taken for ours', () => {
    assert.equal(readBalancerState('global\n  daemon\n'), undefined);
  });

  test('what is rendered is read back', () => {
    const slot = fc.record({
      replica: fc.integer({min: 1, max: 9}),
      half: fc.constantFrom('a', 'b' as const),
      container: fc.stringMatching(/^[a-z][a-z0-9.-]{0,30}$/),
      port: fc.integer({min: 1, max: 65535}),
    });
    fc.assert(fc.property(
      fc.record({
        release: fc.nat(), previous: fc.nat(), size: fc.constant(9),
        health: fc.stringMatching(/^\/[\w./?=&-]{0,20}$/),
        slots: fc.uniqueArray(slot, {selector: ({replica, half}) => `${replica}${half}`}),
      }),
      (random) => {
        const slots = structuredClone(random.slots).toSorted((a, b) => a.replica - b.replica || a.half.localeCompare(b.half));
        assert.deepEqual(readBalancerState(renderHaproxyConfig({...random, slots})), {...random, slots});
      },
    ));
  });
});
