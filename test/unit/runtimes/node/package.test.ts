import assert from 'node:assert/strict';
import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {readPackage} from '../../../../src/runtimes/node/package.ts';
import {directoryWith, temporaryDirectory} from '../../../support/directory.ts';

test('a byte order mark is no part of package.json', () => {
  assert.deepEqual(readPackage(directoryWith({'package.json': '\uFEFF{"name":"buy"}'})), {name: 'buy'});
});

test('a missing file means none; one that cannot be read, or is no object, is an error', () => {
  assert.equal(readPackage(temporaryDirectory()), undefined);
  const unreadable = temporaryDirectory();
  // Unlike a mode without read permission, a directory in its place also stops root.
  mkdirSync(join(unreadable, 'package.json'));
  assert.throws(() => readPackage(unreadable), {code: 'bad_package_file', message: /cannot be read/});
  for (const text of ['[]', 'null', '"x"', '{'])
    assert.throws(() => readPackage(directoryWith({'package.json': text})), {code: 'bad_package_file'}, text);
});
