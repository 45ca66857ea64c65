import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import * as fc from 'fast-check';
import {renderFragment} from '../../../../../src/deploy/hosts/balancer/fragment.ts';
import {type BalancerState, readBalancerState, serversOf} from '../../../../../src/deploy/hosts/balancer/state.ts';
import type {HealthCheck} from '../../../../../src/service/schema/health-check.ts';
import {settings, state, use} from './states.ts';

const linesOf = (wanted: Partial<BalancerState>, sign: RegExp): string[] =>
  renderFragment({...state, ...wanted})
    .split('\n')
    .slice(1)
    .filter((line) => sign.test(line))
    .map((line) => line.trim());
const redirects = (tls: object | undefined): string[] => linesOf({settings: settings({tls})}, /redirect/);
const routesOf = (file: object): string[] => linesOf({settings: settings(file)}, /^#>/);

describe('the servers of a fragment', () => {
  test('each replica has two, of which the free one is disabled', () => {
    assert.deepEqual(linesOf({}, /^ +server /), [
      'server 1a 127.0.0.1:1 check disabled',
      'server 1b buy.local.3.1:3000 check',
      'server 2a 127.0.0.1:1 check disabled',
      'server 2b buy.local.3.2:3000 check',
    ]);
  });

  test('replicas on other machines have the name of their host, and no resolver', () => {
    const wanted = {hosts: ['h1', 'h2'], size: 1, slots: [{...use('h1', 1, 'blue', '10.0.0.1'), port: 20_001}]};
    assert.deepEqual(linesOf(wanted, /^ +server |default-server/), [
      'default-server inter 500ms fastinter 200ms downinter 100ms fall 2 rise 1 weight 100 init-addr last,libc,none',
      'server h1-1a 10.0.0.1:20001 check',
      'server h1-1b 127.0.0.1:1 check disabled',
      'server h2-1a 127.0.0.1:1 check disabled',
      'server h2-1b 127.0.0.1:1 check disabled',
    ]);
    assert.deepEqual(serversOf('buy.prod', wanted.slots), ['buy.prod/h1-1a']);
  });

  test('a canary serves beside the old release, by weight', () => {
    const canary = {release: 4, percent: 10, slots: [use('', 1, 'blue')]};
    assert.deepEqual(linesOf({canary}, /^ +server /), [
      'server 1a buy.local.3.1:3000 check weight 57',
      'server 1b buy.local.3.1:3000 check weight 256',
      'server 2a 127.0.0.1:1 check disabled',
      'server 2b buy.local.3.2:3000 check weight 256',
    ]);
  });

  test('a request that chooses a release goes to each of its servers equally often', () => {
    assert.deepEqual(linesOf({}, /use-server/), [
      'use-server 1a if { var(txn.half) -m str a } { rand(2) eq 0 }',
      'use-server 1b if { var(txn.half) -m str b } { rand(2) eq 0 }',
      'use-server 2a if { var(txn.half) -m str a }',
      'use-server 2b if { var(txn.half) -m str b }',
    ]);
  });
});

describe('the routes of a fragment', () => {
  test("without any, every request is the service's", () => assert.deepEqual(routesOf({}), ['#> 3.9998 buy.local']));

  test('a host, a path, both, and all names below one: the most specific ranks first', () => {
    const ranked = routesOf({
      routes: [
        {path: '/api'},
        {host: '*.example.com'},
        {host: 'Shop.example.com'},
        {host: 'shop.example.com', path: '/api/'},
      ],
    });
    assert.deepEqual(ranked.toSorted(), [
      '#> 1.9994 buy.local if { req.hdr(host),host_only -m str shop.example.com } { path /api } or { req.hdr(host),host_only -m str shop.example.com } { path_beg /api/ }',
      '#> 1.9998 buy.local if { req.hdr(host),host_only -m str shop.example.com }',
      '#> 2.9998 buy.local if { req.hdr(host),host_only -m end .example.com }',
      '#> 3.9995 buy.local if { path /api } or { path_beg /api/ }',
    ]);
  });

  test("an ACME client gets its challenges before any other route, for the service's hosts only", () => {
    assert.deepEqual(
      routesOf({
        acme: 'acme:8089',
        routes: [
          {host: 'shop.example.com', path: '/a'},
          {host: 'shop.example.com', path: '/b'},
        ],
      }).slice(0, 1),
      [
        '#> 0 buy.local.acme if { req.hdr(host),host_only -m str shop.example.com } { path_beg /.well-known/acme-challenge/ }',
      ],
    );
    assert.deepEqual(linesOf({settings: settings({acme: 'acme:8089'})}, /server acme|^backend/), [
      'backend buy.local',
      'backend buy.local.acme',
      'server acme acme:8089 init-addr last,libc,none',
    ]);
  });
});

describe('a fragment', () => {
  test('retries only safe methods', () => {
    assert.match(renderFragment(state), /disable-l7-retry unless METH_GET or \{ method HEAD OPTIONS \}/);
  });

  test('trusts the forwarded headers of trusted proxies only', () => {
    assert.deepEqual(linesOf({}, /x-forwarded-for/), ['http-request del-header x-forwarded-for']);
    assert.deepEqual(linesOf({settings: settings({trusted_proxies: ['10.0.0.0/8', '::1']})}, /x-forwarded-for/), [
      'http-request del-header x-forwarded-for unless { src 10.0.0.0/8 ::1 }',
    ]);
  });

  test('redirects http to the public port of https where there is a certificate, unless disabled', () => {
    assert.deepEqual(redirects(undefined), []);
    assert.deepEqual(redirects({certificate: {file: 'a'}, redirect: false}), []);
    assert.deepEqual(redirects({certificate: {file: 'a'}}), [
      'http-request redirect location https://%[req.hdr(host),host_only]%[pathq] code 308 unless { ssl_fc }',
    ]);
    assert.deepEqual(redirects({certificate: {file: 'a'}, port: 8443}), [
      'http-request redirect location https://%[req.hdr(host),host_only]:8443%[pathq] code 308 unless { ssl_fc }',
    ]);
  });

  test('quotes any HTML in a maintenance page', () => {
    const [line] = linesOf(
      {settings: settings({maintenance_page: '<p class="x">it\'s $5\n# \\ 100%</p>'})},
      /maintenance/,
    );
    assert.match(line ?? '', / string "<p class=\\"x\\">it's \\\$5\\n\\# \\\\ 100%<\/p>" if /);
  });

  test('has the slow start and the timeout of an answer', () => {
    const text = renderFragment({...state, settings: settings({slow_start_seconds: 20, timeout_seconds: 300})});
    assert.match(text, /weight 100 slowstart 20s resolvers docker/);
    assert.match(text, /timeout server 300s/);
  });
});

describe('the state in a fragment', () => {
  test('is undefined for a configuration without one', () => {
    assert.equal(readBalancerState('global\n  daemon\n'), undefined);
    assert.equal(readBalancerState('# entrypoint: {broken\n'), undefined);
  });

  test('equals the rendered one', () => {
    const text = fc.string({unit: 'binary'});
    const anyCheck: fc.Arbitrary<HealthCheck> = fc.oneof(
      fc.record({
        kind: fc.constant('http' as const),
        path: text,
        headers: fc.dictionary(fc.stringMatching(/^[a-z-]+$/), text),
        status: text,
        answer: fc.dictionary(fc.stringMatching(/^[a-z-]+$/), text),
        body: text,
      }),
      fc.constant({kind: 'tcp' as const}),
      fc.record({kind: fc.constant('command' as const), words: fc.array(text, {minLength: 1})}),
    );
    const slot = fc.record({
      host: fc.constantFrom('', 'h1'),
      replica: fc.integer({min: 1, max: 9}),
      colour: fc.constantFrom('blue', 'green' as const),
      container: fc.string(),
      address: fc.stringMatching(/^[a-z][a-z0-9.-]{0,30}$/),
      port: fc.integer({min: 1, max: 65535}),
    });
    fc.assert(
      fc.property(
        fc.record({
          release: fc.nat(),
          previous: fc.nat(),
          size: fc.integer({min: 1, max: 9}),
          health: anyCheck,
          otherHealth: fc.option(fc.dictionary(fc.stringMatching(/^[1-9][ab]$/), anyCheck, {minKeys: 1}), {
            nil: undefined,
          }),
          slots: fc.array(slot),
          page: fc.string({unit: 'binary'}),
        }),
        ({page, otherHealth, ...random}) => {
          const whole: BalancerState = structuredClone({
            ...state,
            ...random,
            ...(otherHealth === undefined ? {} : {otherHealth}),
            hosts: ['', 'h1'],
            settings: settings({maintenance_page: page}),
          });
          assert.deepEqual(readBalancerState(renderFragment(whole)), whole);
        },
      ),
    );
  });
});
