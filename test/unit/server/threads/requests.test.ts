import assert from 'node:assert/strict';
import {test} from 'node:test';
import {fastRequests} from '../../../../src/server/threads/fast-requests.ts';
import {parseHead, requestHead} from '../../../../src/server/threads/http-head.ts';

test('a request is fast once it was fast, whatever its query; an unknown one is not', () => {
  const {isFast, learn} = fastRequests();
  assert.equal(isFast('GET', '/health'), false);
  learn('GET', '/health?probe=1', 0.3);
  assert.deepEqual([isFast('GET', '/health'), isFast('POST', '/health')], [true, false]);
});

test('a request that was slow once is fast again after three fast runs', () => {
  const {isFast, learn} = fastRequests();
  learn('GET', '/', 20);
  for (const expected of [false, false, true]) {
    learn('GET', '/', 1);
    assert.equal(isFast('GET', '/'), expected);
  }
  learn('GET', '/', 20);
  assert.equal(isFast('GET', '/'), false);
});

test('an unlimited number of paths does not fill the memory', () => {
  const {isFast, learn} = fastRequests();
  for (let index = 0; index < 5000; index += 1) learn('GET', `/${index}`, 1);
  assert.equal(isFast('GET', '/0'), false);
  assert.equal(isFast('GET', '/4999'), true);
});

test('the head of a request is passed on unchanged, except for Expect', () => {
  assert.equal(
    requestHead({
      method: 'POST',
      url: '/x?y',
      rawHeaders: ['Host', 'a', 'X-Twice', '1', 'X-Twice', '2', 'Expect', '100-continue'],
    }),
    'POST /x?y HTTP/1.1\r\nHost: a\r\nX-Twice: 1\r\nX-Twice: 2\r\n\r\n',
  );
});

test('the head of a response is parsed, without the headers of the connection', () => {
  assert.deepEqual(
    parseHead(
      'HTTP/1.1 201 Made here\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX: with: colon\r\nConnection: close\r\nDate: now\r\nTransfer-Encoding: chunked',
    ),
    {status: 201, reason: 'Made here', headers: ['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'X', 'with: colon']},
  );
  assert.deepEqual(parseHead('HTTP/1.1 204 '), {status: 204, reason: '', headers: []});
  assert.equal(parseHead('nonsense'), undefined);
});
