import assert from 'node:assert/strict';
import {existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {linkCaches, linkScratch} from '../../../../images/node/lib/caches.ts';
import {directoryWith} from '../../../support/directory.ts';
import {filesIn, put} from '../../../support/repository.ts';

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

test('what a build tool keeps is there for the next build of the same service, and not in the image', () => {
  const kept = directoryWith({});
  const source = {'package.json': '{}', 'node_modules/a/index.js': '', 'apps/web/package.json': '{}'};
  const build = (name: string, body: (root: string) => void): string[] => {
    const root = directoryWith(source);
    const unlink = linkCaches(root, name, ['.', 'apps/web'], kept);
    try {
      body(root);
    } finally {
      unlink();
    }
    return Object.keys(filesIn(root));
  };
  const files = {
    'apps/web/.next/cache/webpack/x': 'next',
    '.nx/cache/x': 'nx',
    '.turbo/cache/x': 'turbo',
    'node_modules/.vite/x': 'vite',
    'node_modules/.tmp/tsconfig.app.tsbuildinfo': 'notes of a type check',
    'node_modules/.cache/tsc/main.tsbuildinfo': 'notes of a compiler, which then writes nothing',
  };
  const made = build('shop 1', (root) => {
    for (const [path, text] of Object.entries(files)) put(root, path, text);
    put(root, 'apps/web/.next/BUILD_ID', '1');
  });
  assert.deepEqual(made, ['apps/web/.next/BUILD_ID', ...Object.keys(source)].toSorted());
  build('shop 1', (root) => {
    for (const [path, text] of Object.entries(files).slice(0, -1))
      assert.equal(readFileSync(join(root, path), 'utf8'), text);
    assert.ok(!existsSync(join(root, 'node_modules/.cache/tsc/main.tsbuildinfo')));
  });
  build('stock', (root) => assert.deepEqual(readdirSync(join(root, '.nx/cache')), []));
  // Without a cache mount, nothing is linked.
  rmSync(kept, {recursive: true});
  assert.deepEqual(
    build('shop 1', (root) => assert.ok(!existsSync(join(root, '.nx')))),
    Object.keys(source).toSorted(),
  );
});
