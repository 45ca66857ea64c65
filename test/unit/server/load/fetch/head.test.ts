import assert from 'node:assert/strict';
import {test} from 'node:test';
import {responseHead} from '../../../../../src/server/load/fetch/head.ts';

/** A response as `fetch` returns it: the constructor gives none a URL. */
function upstream(headers: Record<string, string>, body: string | null = 'text'): Response {
  return Object.defineProperty(new Response(body, {headers}), 'url', {value: 'http://upstream/'});
}

test('framing headers of a handler are left out, and its own length and wish to close are known', () => {
  const {fields, length, close} = responseHead(
    new Response(null, {
      headers: {
        'transfer-encoding': 'chunked',
        'content-length': '5',
        connection: 'x, close',
        'keep-alive': 'timeout=1',
        trailer: 'x',
        'x-own': '1',
      },
    }),
  );
  assert.deepEqual({fields, length, close}, {fields: ['x-own', '1'], length: 5, close: true});
});

test('a Content-Length that is no number is ignored', () => {
  for (const value of ['5, 5', '-1', 'x', '0x5', ''])
    assert.equal(responseHead(new Response(null, {headers: {'content-length': value}})).length, undefined, value);
});

test('every Set-Cookie is a field of its own', () => {
  const headers = new Headers([
    ['set-cookie', 'a=1'],
    ['set-cookie', 'b=2'],
  ]);
  assert.deepEqual(responseHead(new Response(null, {headers})).fields, ['set-cookie', 'a=1', 'set-cookie', 'b=2']);
});

test("a response of fetch loses the upstream's connection headers, and the coding and length of a decoded body", () => {
  const own = {connection: 'close, x-hop', 'x-hop': '1', upgrade: 'h2c', te: 'x', 'x-own': '1'};
  const gzip = responseHead(upstream({...own, 'content-encoding': 'gzip, br', 'content-length': '53'}));
  assert.deepEqual(gzip.fields, ['content-type', 'text/plain;charset=UTF-8', 'x-own', '1']);
  assert.equal(gzip.length, undefined);
  assert.equal(gzip.close, false);
  const plain = responseHead(upstream({'content-length': '4'}));
  assert.equal(plain.length, 4);
});

test('a response of fetch keeps a coding that fetch does not decode, and that of a response to HEAD', () => {
  assert.ok(responseHead(upstream({'content-encoding': 'x-own', 'content-length': '4'})).fields.includes('x-own'));
  const head = responseHead(upstream({'content-encoding': 'gzip', 'content-length': '53'}, null));
  assert.ok(head.fields.includes('gzip'));
  assert.equal(head.length, 53);
});
