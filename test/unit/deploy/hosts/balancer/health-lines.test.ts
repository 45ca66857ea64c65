import assert from 'node:assert/strict';
import {test} from 'node:test';
import {renderFragment} from '../../../../../src/deploy/hosts/balancer/fragment.ts';
import {uncheckedSlots} from '../../../../../src/deploy/hosts/balancer/health-lines.ts';
import type {BalancerState} from '../../../../../src/deploy/hosts/balancer/state.ts';
import {type HealthCheck, healthCheckOf, pathCheck} from '../../../../../src/service/schema/health-check.ts';
import {state} from './states.ts';

const linesOf = (wanted: Partial<BalancerState>): string[] =>
  renderFragment({...state, ...wanted})
    .split('\n')
    .slice(1)
    .filter((line) => /^#\?|httpchk|http-check/.test(line))
    .map((line) => line.trim());
const servers = (wanted: Partial<BalancerState>): string[] =>
  renderFragment({...state, ...wanted})
    .split('\n')
    .filter((line) => line.startsWith('    server '))
    .map((line) => line.trim());

const plain = healthCheckOf('/readyz', 'shop.example.com');
const map = (more: object): HealthCheck =>
  healthCheckOf({path: '/readyz', headers: {}, status: '200', response_headers: {}, ...more}, 'shop.example.com');

test('the check sends what users send', () => {
  assert.deepEqual(linesOf({health: plain}), [
    String.raw`#? GET /readyz HTTP/1.1\r\nHost: shop.example.com\r\nX-Forwarded-Proto: https\r\nConnection: close\r\n\r\n`,
    'option httpchk GET /readyz',
    'http-check send meth GET uri /readyz ver HTTP/1.1 hdr "host" "shop.example.com" hdr "x-forwarded-proto" "https"',
    'http-check expect status 200',
  ]);
});

test('and expects what deploy.yaml says; quotation marks, percent signs and backslashes arrive as they are', () => {
  assert.deepEqual(
    linesOf({
      health: map({
        headers: {'X-A': 'a "b" 50% \\'},
        status: '200-299,304',
        response_headers: {'X-B': 'c d'},
        body: '"db": *"up\\d"$',
      }),
    }).slice(2),
    [
      String.raw`http-check send meth GET uri /readyz ver HTTP/1.1 hdr "host" "shop.example.com" hdr "x-forwarded-proto" "https" hdr "x-a" "a \"b\" 50%% \\"`,
      'http-check expect status 200-299,304',
      'http-check expect fhdr name "x-b" value -m reg "c d"',
      String.raw`http-check expect rstring "\"db\": *\"up\\d\"\$"`,
    ],
  );
});

test('a connection is checked without any line', () => {
  assert.deepEqual(linesOf({health: {kind: 'tcp'}}), []);
  assert.deepEqual(linesOf({health: {kind: 'command', words: ['true']}}), []);
});

test('the check of an earlier version is rendered as that version did', () => {
  assert.deepEqual(linesOf({health: pathCheck('/readyz')}).slice(1), [
    'option httpchk GET /readyz',
    'http-check expect status 200',
  ]);
});

test('while a release with another path or host serves, each server is checked with its own', () => {
  const old = healthCheckOf('/old', 'old.example.com');
  const otherHealth = {'1b': old, 'h.x-2b': old, '3b': pathCheck('/older')};
  assert.deepEqual(uncheckedSlots({health: plain, otherHealth}), []);
  assert.equal(
    linesOf({health: plain, otherHealth})[2],
    [
      String.raw`http-check send meth GET uri-lf '%[srv_name,regsub("^(1b|h\.x-2b)$","=/old"),regsub("^(3b)$","=/older"),regsub("^[^=].*$","=/readyz"),regsub("^=","")]'`,
      String.raw`ver HTTP/1.1 hdr "host" '%[srv_name,regsub("^(1b|h\.x-2b)$","=old.example.com"),regsub("^[^=].*$","=shop.example.com"),regsub("^=","")]'`,
      'hdr "x-forwarded-proto" "https"',
    ].join(' '),
  );
});

test('the servers of a release that expects another answer are not checked until it is gone', () => {
  for (const other of [
    map({status: '200-299'}),
    map({body: 'ok'}),
    map({headers: {'x-a': 'b'}}),
    {kind: 'tcp'} as const,
  ]) {
    const otherHealth = {'1b': other, '2b': other};
    assert.deepEqual(uncheckedSlots({health: plain, otherHealth}), ['1b', '2b']);
    assert.deepEqual(servers({health: plain, otherHealth}), [
      'server 1a 127.0.0.1:1 check disabled',
      'server 1b buy.local.3.1:3000',
      'server 2a 127.0.0.1:1 check disabled',
      'server 2b buy.local.3.2:3000',
    ]);
  }
  const command: HealthCheck = {kind: 'command', words: ['true']};
  assert.deepEqual(uncheckedSlots({health: {kind: 'tcp'}, otherHealth: {'1b': command}}), []);
});
