import assert from 'node:assert/strict';
import {test} from 'node:test';
import {problem} from '../../../src/errors.ts';
import {limiter, mapEach, settleEach} from '../../../src/shell/concurrency.ts';

test('no more bodies run at once than allowed; one that fails makes room for the next', async () => {
  const limit = limiter(2);
  let [running, most] = [0, 0];
  const body = async (): Promise<void> => {
    most = Math.max(most, (running += 1));
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    throw new Error('on purpose');
  };
  const ended = await Promise.allSettled(Array.from({length: 7}, () => limit(body)));
  assert.equal(ended.length, 7);
  assert.equal(most, 2);
});

test('items start in their order, and their results keep it', async () => {
  const started: number[] = [];
  const results = await mapEach(
    [3, 1, 2],
    async (item) => {
      started.push(item);
      for (let turns = 0; turns < item; turns += 1) await new Promise((resolve) => setImmediate(resolve));
      return item * 10;
    },
    2,
  );
  assert.deepEqual(
    [started, results],
    [
      [3, 1, 2],
      [30, 10, 20],
    ],
  );
});

test('of several failures the first in order is thrown, after all have ended; an interrupt comes last', async () => {
  const ended: string[] = [];
  const fail = async (name: string): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    ended.push(name);
    throw problem({code: name === 'interrupted' ? name : 'command_failed', what: `${name} failed`});
  };
  await assert.rejects(mapEach(['interrupted', 'h2', 'h3'], fail, 1), /h2 failed/);
  assert.deepEqual(ended, ['interrupted', 'h2', 'h3']);
  await assert.rejects(mapEach(['interrupted'], fail), /interrupted failed/);
  const settled = await settleEach(['h1', 'h2'], fail);
  assert.deepEqual(
    settled.map(({status}) => status),
    ['rejected', 'rejected'],
  );
});
