import assert from 'node:assert/strict';
import {test} from 'node:test';
import * as fc from 'fast-check';
import {foldLog} from '../../../src/text/fold.ts';

const repeated = (block: readonly string[], times: number): string[] =>
  Array.from({length: times}, (_, index) => block.map((line) => line.replace('N', String(1000 + index)))).flat();

test('a line that repeats is printed once, with its number; digits do not count', () => {
  assert.deepEqual(foldLog(['start', ...repeated(['N GET /readyz 400'], 14), 'end']), [
    'start',
    '1000 GET /readyz 400',
    '... repeated 14 times',
    'end',
  ]);
});

test('so is a block, such as a stack trace', () => {
  assert.deepEqual(foldLog([...repeated(['N error', '  at a', '  at b'], 5), 'N error'.replace('N', '9')]), [
    '1000 error',
    '  at a',
    '  at b',
    '... these 3 lines repeated 5 times',
    '9 error',
  ]);
});

test('a line that comes twice stays', () => assert.deepEqual(foldLog(['a', 'a', 'b']), ['a', 'a', 'b']));

test('twenty lines at most, the last ones, each cut', () => {
  const lines = Array.from({length: 50}, (_, index) => 'x'.repeat(index + 1));
  assert.deepEqual(foldLog(lines), lines.slice(-20));
  assert.deepEqual(foldLog(['y'.repeat(1000)]), [`${'y'.repeat(400)}...`]);
});

test('folding loses no line but repeated ones', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', 'b', 'c'), {maxLength: 60}), (lines) => {
      const unfolded: string[] = [];
      for (const line of foldLog(lines, Infinity)) {
        const [, size, times] = /^\.\.\. (?:these (\d+) lines )?repeated (\d+) times$/.exec(line) ?? [];
        if (times === undefined) unfolded.push(line);
        else {
          const block = unfolded.slice(-Number(size ?? 1));
          for (let more = 1; more < Number(times); more += 1) unfolded.push(...block);
        }
      }
      assert.deepEqual(unfolded, lines);
    }),
  );
});
