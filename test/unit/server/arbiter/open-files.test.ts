import assert from 'node:assert/strict';
import {test} from 'node:test';
import {connectionsWithin} from '../../../../src/server/arbiter/socket.ts';

const limits = (soft: string): string =>
  `Limit                     Soft Limit           Hard Limit           Units\nMax open files            ${soft}                 4096                 files\n`;

test('connections keep a reserve of descriptors for other things', () => {
  assert.equal(
    connectionsWithin(10_000, () => limits('1024')),
    960,
  );
  assert.equal(
    connectionsWithin(500, () => limits('1024')),
    500,
  );
  assert.equal(
    connectionsWithin(500, () => limits('60')),
    1,
  );
});

test('where the limit is not known, or there is none, it is as it was said', () => {
  assert.equal(
    connectionsWithin(10_000, () => limits('unlimited')),
    10_000,
  );
  assert.equal(
    connectionsWithin(10_000, () => {
      throw new Error('ENOENT');
    }),
    10_000,
  );
});
