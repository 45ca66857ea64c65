import assert from 'node:assert/strict';
import {test} from 'node:test';
import {dispatchWarning} from '../../../../src/server/arbiter/dispatch-warning.ts';

test('reuseport is warned of where the kernel does not hand waiting connections on', () => {
  assert.match(dispatchWarning('reuseport', () => '0\n')?.message ?? '', /lost when it goes/);
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
