import assert from 'node:assert/strict';
import {test} from 'node:test';
import {addressFields, socketAddresses} from '../../../../src/server/threads/addresses.ts';
import {chooseThread} from '../../../../src/server/threads/choice.ts';
import {fastMilliseconds, requestCosts} from '../../../../src/server/threads/costs.ts';
import {bodyFraming, closingHead, requestHead, trailerLines} from '../../../../src/server/threads/http-head.ts';
import {outbox} from '../../../../src/server/threads/outbox.ts';
import type {PoolThread} from '../../../../src/server/threads/pool.ts';

const isFast = (cost: number): boolean => cost < fastMilliseconds;

/** A path without digits. */
const path = (index: number): string => `/${[...String(index)].map((digit) => 'abcdefghij'[Number(digit)]).join('')}`;
const thread = (index: number, cost: number): PoolThread => ({index, cost}) as PoolThread;

/** The index of the thread that is chosen, by the costs of all; the last one is the express thread. */
const chosen = (costs: readonly number[], cost: number, not: readonly number[] = []): number | undefined => {
  const threads = costs.map((each, index) => thread(index, each));
  return chooseThread(
    threads,
    costs.length - 1,
    cost,
    not.map((index) => threads[index] as PoolThread),
  )?.index;
};

test('a request is fast once it was fast, whatever its query and the ids in its path; an unknown one is not', () => {
  const {estimate, learn} = requestCosts();
  assert.equal(isFast(estimate('GET', '/health')), false);
  learn('GET', '/health?probe=1', 0.3);
  assert.deepEqual([isFast(estimate('GET', '/health')), isFast(estimate('POST', '/health'))], [true, false]);
  learn('GET', '/users/17/orders', 0.3);
  assert.equal(estimate('GET', '/users/a8f3-22/orders?x'), 0.3);
  assert.equal(isFast(estimate('GET', '/users')), false);
});

test('a request that was slow once is fast again after three fast runs', () => {
  const {estimate, learn} = requestCosts();
  learn('GET', '/', 20);
  for (const expected of [false, false, true]) {
    learn('GET', '/', 1);
    assert.equal(isFast(estimate('GET', '/')), expected);
  }
  learn('GET', '/', 20);
  assert.equal(isFast(estimate('GET', '/')), false);
});

test('an unlimited number of paths does not fill the memory', () => {
  const {estimate, learn} = requestCosts();
  for (let index = 0; index < 5000; index += 1) learn('GET', path(index), 1);
  assert.equal(isFast(estimate('GET', path(0))), false);
  assert.equal(isFast(estimate('GET', path(4999))), true);
});

test('fast requests go together as long as a thread has little to do, slow ones to the pool thread with the least', () => {
  assert.equal(chosen([0, 0, 0], 0.1), 2);
  assert.equal(chosen([0, 0, 0.95], 0.1), 0);
  assert.equal(chosen([20, 0.5, 0.95], 0.1), 1);
  assert.equal(chosen([20, 40, 5], 0.1), 2);
  assert.equal(chosen([20, 40, 5], 0.1, [2]), 0);
  assert.equal(chosen([20, 0, 0], 20), 1);
  assert.equal(chosen([20, 40, 0], 20), 0);
  assert.equal(chosen([20, 40, 0], 20, [0]), 1);
  assert.equal(chosen([20, 40, 0], 20, [0, 1]), undefined);
});

test('the head of a request is passed on unchanged, with its version', () => {
  assert.equal(
    requestHead({
      method: 'POST',
      url: '/x?y',
      httpVersion: '1.0',
      rawHeaders: ['Host', 'a', 'X-Twice', '1', 'X-Twice', '2', 'Expect', '100-continue'],
    }),
    'POST /x?y HTTP/1.0\r\nHost: a\r\nX-Twice: 1\r\nX-Twice: 2\r\nExpect: 100-continue\r\n\r\n',
  );
  assert.equal(trailerLines(['X-Sum', '1', 'Y', '2']), 'X-Sum: 1\r\nY: 2\r\n');
});

test('the framing of a body is that of its first header about it', () => {
  assert.equal(bodyFraming(['Host', 'a']), 'complete');
  assert.equal(bodyFraming(['Content-LENGTH', '0']), 'length');
  assert.equal(bodyFraming(['host', 'a', 'transfer-encoding', 'chunked']), 'chunked');
});

test('a head that closes the connection keeps every other line', () => {
  const rest = 'HTTP/1.1 200 connection: kept\r\nX-Connection: keep-alive\r\nSet-Cookie: a\r\n';
  for (const lines of ['Connection: keep-alive\r\nKeep-Alive: timeout=75\r\n', ''])
    assert.equal(closingHead(`${rest}${lines}\r\n`), `${rest}Connection: close\r\n\r\n`);
  assert.equal(
    closingHead(`${rest}connection: keep-alive, x\r\nCONNECTION:y\r\n\r\n`),
    `${rest}Connection: close, x, y\r\n\r\n`,
  );
  assert.equal(closingHead('HTTP/1.1 204 \r\n\r\n'), 'HTTP/1.1 204 \r\nConnection: close\r\n\r\n');
});

test('addresses survive the way to a thread; a Unix socket has none', () => {
  const socket = {remoteAddress: '::1', remotePort: 4000, remoteFamily: 'IPv6', localAddress: '::1', localPort: 80};
  assert.deepEqual(addressFields(socketAddresses({...socket} as never)), socket);
  assert.deepEqual(
    Object.values(addressFields(socketAddresses({} as never))),
    Array.from({length: 5}, () => undefined),
  );
});

test('the messages of a turn of the loop are one batch, in order', async () => {
  const batches: (readonly number[])[] = [];
  let late = 0;
  const {add, flush} = outbox<number>(
    (batch) => void batches.push(batch),
    () => {
      if (late > 0) add(late);
      late = 0;
    },
  );
  add(1);
  add(2);
  late = 3;
  assert.deepEqual(batches, []);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(batches, [[1, 2, 3]]);
  add(4);
  flush();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(batches, [[1, 2, 3], [4]]);
});
