import assert from 'node:assert/strict';
import {test} from 'node:test';
import {isManifest, openInputs} from '../../../../src/contract/image/layers.ts';
import type {TarEntry} from '../../../../src/contract/image/tar.ts';

const open = (files: Readonly<Record<string, string>>, {directory = '/content', revision = 'abc'} = {}): string[] => {
  const entries = new Map(Object.keys(files).map((path) => [path, {} as TarEntry]));
  const manifests = new Map(Object.entries(files).filter(([path]) => isManifest(path)));
  return openInputs({entries, manifests}, directory, revision);
};

test('a manifest with a lock file leaves nothing open', () => {
  assert.deepEqual(
    open({'content/package.json': '{"dependencies": {"pg": "^8"}}', 'content/package-lock.json': ''}),
    [],
  );
  assert.deepEqual(open({'content/pyproject.toml': 'dependencies = [\n  "flask",\n]\n', 'content/uv.lock': ''}), []);
  assert.deepEqual(
    open({'content/requirements/run.txt': '# run\nflask==3.1.0 \\\n    --hash=sha256:aa\n-r base.txt\n'}),
    [],
  );
});

test('a service without dependencies needs no lock file', () => {
  assert.deepEqual(
    open({'content/package.json': '{"name": "a"}', 'content/pyproject.toml': '[project]\ndependencies = []\n'}),
    [],
  );
  assert.deepEqual(open({'content/package.json': 'no JSON'}), []);
});

test('what nothing pins is told by its file', () => {
  assert.deepEqual(open({'content/package.json': '{"dependencies": {"pg": "^8"}}'}), [
    'package.json has dependencies and no lock file',
  ]);
  assert.deepEqual(open({'content/pyproject.toml': 'dependencies = ["flask"]\n'}), [
    'pyproject.toml has dependencies and no lock file',
  ]);
  assert.deepEqual(open({'content/requirements.txt': 'flask>=3  # newest\nsix==1.17.0\nuvloop\n'}), [
    'requirements.txt does not pin flask',
    'requirements.txt does not pin uvloop',
  ]);
});

test('only the directory that the image works in counts', () => {
  const files = {'content/package.json': '{"dependencies": {"pg": "^8"}}'};
  assert.deepEqual(open(files, {directory: '/srv'}), []);
  assert.deepEqual(open({'package.json': files['content/package.json']}, {directory: '/'}), [
    'package.json has dependencies and no lock file',
  ]);
});

test('an image of a dirty tree cannot be made again of its commit', () => {
  assert.deepEqual(open({}, {revision: '0123-dirty'}), ['made of more than a commit: 0123-dirty']);
});

test("manifests of installed packages are not the service's", () => {
  assert.equal(isManifest('content/node_modules/pg/package.json'), false);
  assert.equal(isManifest('content/requirements/run.txt'), true);
  assert.equal(isManifest('content/requirements-dev.txt'), true);
});
