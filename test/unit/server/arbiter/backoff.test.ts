import assert from 'node:assert/strict';
import {test} from 'node:test';
import {backoff} from '../../../../src/server/arbiter/backoff.ts';

test('the first crash has no delay, each further one twice the delay, up to ten seconds', () => {
  const {crashed} = backoff();
  const delays = Array.from({length: 12}, () => crashed(100));
  assert.deepEqual(delays, [0, 100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000, 10_000]);
});

test('a worker that has lived for ten seconds ends the streak', () => {
  const {crashed, streak} = backoff();
  for (let count = 0; count < 4; count += 1) crashed(100);
  assert.equal(crashed(10_000), 0);
  assert.equal(streak(), 1);
});

test('five crashes in a row are a loop, reported once', () => {
  const {crashed, isLoop} = backoff();
  const loops = Array.from({length: 7}, () => {
    crashed(1);
    return isLoop();
  });
  assert.deepEqual(loops, [false, false, false, false, true, false, false]);
});

test('ten seconds without a crash since the last replacement end the streak, however young the next one crashes', () => {
  let time = 0;
  const {crashed, streak} = backoff(() => time);
  for (let count = 0; count < 4; count += 1) crashed(100); // The last one is replaced after 400 ms.
  time = 10_399;
  assert.equal(crashed(100), 800);
  time += 800 + 10_000;
  assert.equal(crashed(100), 0);
  assert.equal(streak(), 1);
});
