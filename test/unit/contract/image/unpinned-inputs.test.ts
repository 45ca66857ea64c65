import assert from 'node:assert/strict';
import {test} from 'node:test';
import {isManifest, unpinnedInputs} from '../../../../src/contract/image/layers.ts';
import type {TarEntry} from '../../../../src/contract/image/tar.ts';

const unpinned = (
  files: Readonly<Record<string, string>>,
  {directory = '/content', revision = 'abc'} = {},
): string[] => {
  const entries = new Map(Object.keys(files).map((path) => [path, {} as TarEntry]));
  const manifests = new Map(Object.entries(files).filter(([path]) => isManifest(path)));
  return unpinnedInputs({entries, manifests}, directory, revision);
};

test('a manifest with a lock file is pinned', () => {
  assert.deepEqual(
    unpinned({'content/package.json': '{"dependencies": {"pg": "^8"}}', 'content/package-lock.json': ''}),
    [],
  );
  assert.deepEqual(
    unpinned({'content/pyproject.toml': 'dependencies = [\n  "flask",\n]\n', 'content/uv.lock': ''}),
    [],
  );
  assert.deepEqual(
    unpinned({'content/requirements/run.txt': '# run\nflask==3.1.0 \\\n    --hash=sha256:aa\n-r base.txt\n'}),
    [],
  );
});

test('a service without dependencies needs no lock file', () => {
  assert.deepEqual(
    unpinned({'content/package.json': '{"name": "a"}', 'content/pyproject.toml': '[project]\ndependencies = []\n'}),
    [],
  );
  assert.deepEqual(unpinned({'content/package.json': 'no JSON'}), []);
});

test('unpinned dependencies are reported with their file', () => {
  assert.deepEqual(unpinned({'content/package.json': '{"dependencies": {"pg": "^8"}}'}), [
    'package.json has dependencies but no lock file',
  ]);
  assert.deepEqual(unpinned({'content/pyproject.toml': 'dependencies = ["flask"]\n'}), [
    'pyproject.toml has dependencies but no lock file',
  ]);
  assert.deepEqual(unpinned({'content/requirements.txt': 'flask>=3  # newest\nsix==1.17.0\nuvloop\n'}), [
    'requirements.txt does not pin flask',
    'requirements.txt does not pin uvloop',
  ]);
});

test('only the working directory of the image counts', () => {
  const files = {'content/package.json': '{"dependencies": {"pg": "^8"}}'};
  assert.deepEqual(unpinned(files, {directory: '/srv'}), []);
  assert.deepEqual(unpinned({'package.json': files['content/package.json']}, {directory: '/'}), [
    'package.json has dependencies but no lock file',
  ]);
});

test('an image built from uncommitted changes is not reproducible', () => {
  assert.deepEqual(unpinned({}, {revision: '0123-dirty'}), ['built from uncommitted changes: 0123-dirty']);
});

test("manifests of installed packages are not the service's own", () => {
  assert.equal(isManifest('content/node_modules/pg/package.json'), false);
  assert.equal(isManifest('content/requirements/run.txt'), true);
  assert.equal(isManifest('content/requirements-dev.txt'), true);
  assert.equal(isManifest('content/dev-requirements.txt'), true);
});
