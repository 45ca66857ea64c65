import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import * as fc from 'fast-check';
import {readBalancerState, renderHaproxyConfig} from '../../../src/engines/haproxy-config.ts';
import type {BalancerState} from '../../../src/engines/haproxy-config.ts';

const state: BalancerState = {
  release: 3, previous: 2, hosts: [''], size: 2, health: '/readyz',
  slots: [
    {host: '', replica: 1, half: 'b', container: 'buy.local.3.1', address: 'buy.local.3.1', port: 3000},
    {host: '', replica: 2, half: 'b', container: 'buy.local.3.2', address: 'buy.local.3.2', port: 3000},
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

  test('replicas on other machines have a server each by their host, and an address there', () => {
    const slots = [{host: 'h2', replica: 1, half: 'a', container: 'buy.prod.3.1', address: '10.0.0.2', port: 20_001}] as const;
    const text = renderHaproxyConfig({...state, hosts: ['h1', 'h2'], size: 1, slots});
    assert.deepEqual(text.split('\n').filter((line) => /^ +server /.test(line)), [
      '    server h1-1a 127.0.0.1:1 check disabled',
      '    server h1-1b 127.0.0.1:1 check disabled',
      '    server h2-1a 10.0.0.2:20001 check # buy.prod.3.1',
      '    server h2-1b 127.0.0.1:1 check disabled',
    ]);
    assert.deepEqual(readBalancerState(text)?.slots, slots);
  });

  test('only requests that are safe to repeat are sent again', () => {
    assert.match(renderHaproxyConfig(state), /disable-l7-retry unless METH_GET or \{ method HEAD OPTIONS \}/);
  });

  test('a configuration of somebody else is not taken for ours', () => {
    assert.equal(readBalancerState('global\n  daemon\n'), undefined);
  });

  test('what is rendered is read back', () => {
    const slot = fc.record({
      host: fc.constantFrom('', 'h-1'),
      replica: fc.integer({min: 1, max: 9}),
      half: fc.constantFrom('a', 'b' as const),
      container: fc.stringMatching(/^[a-z][a-z0-9.-]{0,30}$/),
      port: fc.integer({min: 1, max: 65535}),
    });
    fc.assert(fc.property(
      fc.record({
        release: fc.nat(), previous: fc.nat(), hosts: fc.constant(['', 'h-1']), size: fc.constant(9),
        health: fc.stringMatching(/^\/[\w./?=&-]{0,20}$/),
        slots: fc.uniqueArray(slot, {selector: ({host, replica, half}) => `${host}${replica}${half}`}),
      }),
      (random) => {
        const slots = structuredClone(random.slots).map((one) => ({...one, address: one.host === '' ? one.container : '10.0.0.1'}))
          .toSorted((a, b) => a.host.localeCompare(b.host) || a.replica - b.replica || a.half.localeCompare(b.half));
        assert.deepEqual(readBalancerState(renderHaproxyConfig({...random, slots})), {...random, slots});
      },
    ));
  });
});
