import assert from 'node:assert/strict';
import {test} from 'node:test';
import {imageTables} from '../../../src/text/image-table.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
const tables = [[['7', 'deploy', 'aaaaaaaaaaaa', `r:5000/shop@${digest}`]], [['10', 'deploy', '-', digest]]];
const shown = (columns: number | undefined, optional?: number): readonly string[] =>
  imageTables(tables, columns, optional).flat();

test('images in tables are shortened as far as the screen needs, in all tables alike', () => {
  assert.deepEqual(shown(undefined), [`7  deploy  aaaaaaaaaaaa  r:5000/shop@${digest}`, `10  deploy  -  ${digest}`]);
  assert.deepEqual(shown(60), [
    '7  deploy  aaaaaaaaaaaa  r:5000/shop@sha256:0123456789ab',
    '10  deploy  -  sha256:0123456789ab',
  ]);
  assert.deepEqual(shown(50), [
    '7  deploy  aaaaaaaaaaaa  shop@sha256:0123456789ab',
    '10  deploy  -  sha256:0123456789ab',
  ]);
  assert.deepEqual(shown(30), ['7  deploy  aaaaaaaaaaaa  sha256:0123456789ab', '10  deploy  -  sha256:0123456789ab']);
  assert.deepEqual(shown(30, 2), ['7  deploy  aaaaaaaaaaaa', '10  deploy  -']);
  assert.deepEqual(shown(12, 2), ['7  deploy', '10  deploy']);
});
