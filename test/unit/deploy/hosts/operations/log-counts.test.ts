import assert from 'node:assert/strict';
import {test} from 'node:test';
import {linePattern} from '../../../../../src/commands/log-measure.ts';
import {bufferNeed, deliveryOf, numbersIn} from '../../../../../src/deploy/hosts/operations/log-counts.ts';
import {measuredLines} from '../../../../../src/deploy/hosts/operations/measure-log.ts';

test('lost lines are named to the line, and what comes late or twice is counted', () => {
  assert.deepEqual(deliveryOf([1, 2, 2, 5, 4], 6), {
    delivered: 4,
    lost: ['3', '6'],
    lostLines: 2,
    reordered: 1,
    duplicated: 1,
  });
  assert.deepEqual(deliveryOf([], 3), {delivered: 0, lost: ['1-3'], lostLines: 3, reordered: 0, duplicated: 0});
  assert.deepEqual(deliveryOf([3, 2, 1, 7, 0, -1, 1.5], 3), {
    delivered: 3,
    lost: [],
    lostLines: 0,
    reordered: 2,
    duplicated: 0,
  });
});

test('the numbers are found in every format of a sink', () => {
  const sink = [
    'tok 1 xx',
    '<30>Nov 29 09:46:29 abc[12]: tok 2 xx',
    '{"event":{"line":"tok 3 xx","source":"stdout"}}',
    String.raw`{"log":"{\"a\":\"tok 4 xx\"}"}`,
    'other 5 xx, tok 66',
  ].join('\n');
  assert.deepEqual(numbersIn(sink, linePattern('tok')), [1, 2, 3, 4]);
});

test('for any stream that loses, repeats and reorders lines, the counts add up to what was done to it', () => {
  let state = 7;
  const next = (below: number): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) % below;
  for (let round = 0; round < 300; round += 1) {
    const sent = 1 + next(60);
    const all = Array.from({length: sent}, (_, index) => index + 1);
    const kept = all.filter(() => next(4) > 0);
    const arrived = kept.flatMap((one) => (next(5) === 0 ? [one, one] : [one]));
    const {delivered, lost, lostLines, reordered, duplicated} = deliveryOf(arrived, sent);
    assert.deepEqual(
      [delivered, lostLines, reordered, duplicated],
      [kept.length, sent - kept.length, 0, arrived.length - kept.length],
    );
    const named = lost.flatMap((text) => {
      const [first = 0, last = first] = text.split('-').map(Number);
      return Array.from({length: last - first + 1}, (_, index) => first + index);
    });
    assert.deepEqual(
      named,
      all.filter((one) => !kept.includes(one)),
    );
    assert.equal(deliveryOf(arrived.toReversed(), sent).lostLines, lostLines);
  }
});

test('the buffer holds what the driver has not taken when the program has written it', () => {
  assert.deepEqual(bufferNeed({bytes: 40 * 2 ** 20, free: 1, held: 4}), {backlog: 31_457_280, size: '64m'});
  assert.deepEqual(bufferNeed({bytes: 4_000_000, free: 1, held: 1}), {backlog: 0, size: '1m'});
  assert.deepEqual(bufferNeed({bytes: 0, free: 0, held: 0}), {backlog: 0, size: '1m'});
});

test('without a reader, delivery is unknown, and what the buffer dropped is an estimate', () => {
  const times = {lines: 20_000, bytes: 4_000_000, seconds: 0.2, blocked: 0, longest: 0, free: 0.2, buffer: '4m'};
  assert.deepEqual(measuredLines({...times, delivery: null, dropped: 15_000}), [
    'sent 20000 lines, 4000000 bytes, in 0.20 s; without a driver in 0.20 s',
    'blocked for 0.00 s, at most 0.00 s at a time',
    'delivery unknown: the buffer has dropped about 15000 lines, and log.reader names no command that reads the sink',
    'with mode: non-blocking, max-buffer-size: 4m holds such a stream',
  ]);
  const delivery = {delivered: 19_997, lost: ['17', '20-21'], lostLines: 3, reordered: 0, duplicated: 1};
  assert.equal(
    measuredLines({...times, delivery, dropped: null})[2],
    'delivered 19997, lost 3 (17, 20-21), reordered 0, duplicated 1',
  );
});
