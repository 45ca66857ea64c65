import assert from 'node:assert/strict';
import {test} from 'node:test';
import {labelCell, parseRows, rowFormat, rowPart} from '../../../src/commands/docker/index.ts';

const columns = {name: '{{.Names}}', state: '{{.State}}', role: labelCell('entrypoint.role')};

test('one declaration of columns gives the format and the names of the cells', () => {
  assert.equal(rowFormat(columns), '{{.Names}}\t{{.State}}\t{{.Label "entrypoint.role"}}');
  assert.deepEqual(parseRows(columns, 'shop.1\trunning\tapp\n\nshop.lock\tcreated\n'), [
    {name: 'shop.1', state: 'running', role: 'app'},
    {name: 'shop.lock', state: 'created', role: ''},
  ]);
});

test('adjacent cells make a part of a row, in the order of the columns; others are an error', () => {
  assert.equal(rowPart(columns, {state: 'running', name: 'shop.1'}), 'shop.1\trunning');
  assert.throws(() => rowPart(columns, {name: 'shop.1', role: 'app'}), /the columns name, role are not adjacent/);
});
