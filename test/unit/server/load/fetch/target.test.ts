import assert from 'node:assert/strict';
import type {IncomingMessage} from 'node:http';
import {test} from 'node:test';
import {originOf, urlOf, validOrigin} from '../../../../../src/server/load/fetch/target.ts';

const message = (url: string, host: string | undefined, {method = 'GET', ...socket} = {} as Record<string, unknown>) =>
  ({
    url,
    method,
    rawHeaders: ['Accept', '*/*', ...(host === undefined ? [] : ['HOST', host])],
    socket,
  }) as unknown as IncomingMessage;

const urlAt = (request: IncomingMessage): string | undefined => {
  const origin = validOrigin(request);
  return origin === undefined ? undefined : urlOf(request, origin);
};

// RFC 9112, 3.2 and 3.3.
const urls: readonly (readonly [target: string, host: string, url: string | undefined, method?: string])[] = [
  ['/x?y=1', 'a', 'http://a/x?y=1'],
  ['/x', 'A.Example:80', 'http://a.example/x'],
  ['/x', 'a:8080', 'http://a:8080/x'],
  ['/x', '[::1]:3000', 'http://[::1]:3000/x'],
  ['//other.example/x', 'a', 'http://a//other.example/x'],
  ['/\\other.example/x', 'a', 'http://a//other.example/x'],
  ['///]x', 'a', 'http://a///]x'],
  ['//', 'a', 'http://a//'],
  ['/a/../b', 'a', 'http://a/b'],
  ['/a/%2e%2E/b', 'a', 'http://a/b'],
  ['/..%2fb', 'a', 'http://a/..%2fb'],
  ['/%zz', 'a', 'http://a/%zz'],
  ['/a"b', 'a', 'http://a/a%22b'],
  ['/@other.example', 'a', 'http://a/@other.example'],
  ['http://b/x', 'a', 'http://b/x'],
  ['HTTPS://B:444/x', 'a', 'https://b:444/x'],
  ['http://b', 'a', 'http://b/'],
  ['http://b?q', 'a', 'http://b/?q'],
  ['http://u:p@b/x', 'a', undefined],
  ['http:///x', 'a', undefined],
  ['ftp://b/x', 'a', undefined],
  ['x', 'a', undefined],
  ['*', 'a', 'http://a/', 'OPTIONS'],
  ['*', 'a', undefined],
];

for (const [target, host, url, method = 'GET'] of urls) {
  test(`${method} ${target} with Host: ${host} has ${url === undefined ? 'no URL' : `the URL ${url}`}`, () => {
    assert.equal(urlAt(message(target, host, {method})), url);
  });
}

test('a Host header that is no host and port is invalid, even with a target that names another host', () => {
  for (const host of ['a b', 'u:p@h', 'h:99999', 'h/x', 'h?x', 'h#', '[::1', 'h:x', 'a, b', '%zz', '[::1]x']) {
    assert.equal(originOf(message('/x', host)), undefined, host);
    assert.equal(validOrigin(message('/x', host)), undefined, host);
    assert.equal(validOrigin(message('http://b/x', host)), undefined, host);
  }
});

test('without a Host, or with an empty one, the origin is the address of the connection', () => {
  const ipv4 = {localAddress: '127.0.0.1', localPort: 3000};
  assert.equal(originOf(message('/', undefined, ipv4)), 'http://127.0.0.1:3000');
  assert.equal(originOf(message('/', '', ipv4)), 'http://127.0.0.1:3000');
  assert.equal(originOf(message('/', '', {localAddress: '::1', localPort: 3000})), 'http://[::1]:3000');
  assert.equal(originOf(message('/', '')), 'http://localhost');
});

test('the scheme is https on a TLS connection', () => {
  assert.equal(urlAt(message('/x', 'a', {encrypted: true})), 'https://a/x');
  assert.equal(urlAt(message('/x', 'a')), 'http://a/x');
});
