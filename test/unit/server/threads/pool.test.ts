import assert from 'node:assert/strict';
import {test} from 'node:test';
import {quickRequests} from '../../../../src/server/threads/fast-path.ts';
import {readHead, requestHead} from '../../../../src/server/threads/head.ts';

test('a request is quick once it has been, whatever its query, and what is unknown is not', () => {
  const {isQuick, learn} = quickRequests();
  assert.equal(isQuick('GET', '/health'), false);
  learn('GET', '/health?probe=1', 0.3);
  assert.deepEqual([isQuick('GET', '/health'), isQuick('POST', '/health')], [true, false]);
});

test('a request that was slow once has to prove itself', () => {
  const {isQuick, learn} = quickRequests();
  learn('GET', '/', 20);
  for (const expected of [false, false, true]) {
    learn('GET', '/', 1);
    assert.equal(isQuick('GET', '/'), expected);
  }
  learn('GET', '/', 20);
  assert.equal(isQuick('GET', '/'), false);
});

test('paths without end do not fill the memory', () => {
  const {isQuick, learn} = quickRequests();
  for (let index = 0; index < 5000; index += 1) learn('GET', `/${index}`, 1);
  assert.equal(isQuick('GET', '/0'), false);
  assert.equal(isQuick('GET', '/4999'), true);
});

test('the head of a request is handed on as it came, without what the loop has answered already', () => {
  assert.equal(
    requestHead({
      method: 'POST',
      url: '/x?y',
      rawHeaders: ['Host', 'a', 'X-Twice', '1', 'X-Twice', '2', 'Expect', '100-continue'],
    }),
    'POST /x?y HTTP/1.1\r\nHost: a\r\nX-Twice: 1\r\nX-Twice: 2\r\n\r\n',
  );
});

test('the head of an answer is read, but for what the loop decides', () => {
  assert.deepEqual(
    readHead(
      'HTTP/1.1 201 Made here\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX: with: colon\r\nConnection: close\r\nDate: now\r\nTransfer-Encoding: chunked',
    ),
    {status: 201, reason: 'Made here', headers: ['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'X', 'with: colon']},
  );
  assert.deepEqual(readHead('HTTP/1.1 204 '), {status: 204, reason: '', headers: []});
  assert.equal(readHead('nonsense'), undefined);
});
