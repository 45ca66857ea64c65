import assert from 'node:assert/strict';
import {test} from 'node:test';
import {connectionsWithin, dispatchWarning} from '../../../../src/server/arbiter/socket.ts';

const limits = (soft: string): string =>
  `Limit                     Soft Limit           Hard Limit           Units\nMax open files            ${soft}                 4096                 files\n`;

test('the connection limit leaves a reserve of file descriptors', () => {
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

test('the connection limit stays as set without an open-file limit, or with an unknown one', () => {
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

test('reuseport causes a warning if the kernel does not migrate queued connections', () => {
  assert.match(dispatchWarning('reuseport', () => '0\n')?.message ?? '', /are lost when it reloads/);
  assert.match(
    dispatchWarning('reuseport', () => {
      throw new Error('ENOENT');
    })?.fix ?? '',
    /tcp_migrate_req=1/,
  );
  assert.equal(
    dispatchWarning('reuseport', () => '1\n'),
    undefined,
  );
  assert.equal(
    dispatchWarning('shared', () => '0\n'),
    undefined,
  );
});
