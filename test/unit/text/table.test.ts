import assert from 'node:assert/strict';
import {test} from 'node:test';
import {table, wrap} from '../../../src/text/table.ts';

test('cells of a column begin at the same place; no line ends with spaces', () => {
  assert.deepEqual(
    table([
      ['a', 'first', 'x'],
      ['bcd', '', ''],
      ['e', 'f'],
    ]),
    ['a     first   x', 'bcd', 'e     f'],
  );
  assert.deepEqual(table([]), []);
});

test('indent, gap and width; the last cell wraps below itself', () => {
  assert.deepEqual(
    table(
      [
        ['--flag', 'one two three'],
        ['-x', 'four'],
      ],
      {indent: 2, gap: 2, width: 18},
    ),
    ['  --flag  one two', '          three', '  -x      four'],
  );
});

test('a text wraps at spaces only', () => {
  assert.deepEqual(wrap('a bb cc', 4), ['a bb', 'cc']);
  assert.deepEqual(wrap('averylongword b', 4), ['averylongword', 'b']);
  assert.deepEqual(wrap('', 4), ['']);
});
