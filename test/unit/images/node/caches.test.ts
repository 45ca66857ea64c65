import assert from 'node:assert/strict';
import {existsSync, lstatSync, readlinkSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {linkScratch} from '../../../../images/node/lib/caches.ts';
import {directoryWith} from '../../../support/directory.ts';

test('tools keep their files in /tmp, but not where the build made some, nor without dependencies', () => {
  const root = directoryWith({
    'node_modules/a/package.json': '{}',
    'node_modules/.cache/made': '',
    'apps/api/node_modules/b/package.json': '{}',
    'packages/words/index.js': '',
  });
  linkScratch(root, ['.', 'apps/api', 'packages/words']);
  assert.ok(!lstatSync(join(root, 'node_modules/.cache')).isSymbolicLink());
  for (const place of ['node_modules/.vite', 'node_modules/.tmp', 'apps/api/node_modules/.cache'])
    assert.equal(readlinkSync(join(root, place)), '/tmp');
  assert.ok(!existsSync(join(root, 'packages/words/node_modules')));
});
