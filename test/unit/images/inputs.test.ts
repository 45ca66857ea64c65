import assert from 'node:assert/strict';
import {globSync, readFileSync} from 'node:fs';
import {join, matchesGlob} from 'node:path';
import {test} from 'node:test';
import {inputsHash} from '../../../scripts/images/inputs.ts';
import {images} from '../../../scripts/images/list.ts';
import {ignorePatterns} from '../../../src/image/dockerignore.ts';
import {directoryWith} from '../../support/directory.ts';
import {put} from '../../support/repository.ts';

// What decides whether an image of the project is built again.

const root = join(import.meta.dirname, '../../..');
const files = {
  '.dockerignore': '*\n',
  'images/node/health-check': '#!/bin/sh\n',
  'images/python/README.md': 'words\n',
  'images/python/lib/entrypoint_build/work.py': 'x = 1\n',
};
const hashes = (directory: string): readonly string[] =>
  images.map((image) => inputsHash(directory, image, 'sha256:1'));

test('an image is built again for a file of its own, not because Python ran or a README changed', () => {
  const directory = directoryWith(files);
  const before = hashes(directory);
  put(directory, 'images/python/lib/entrypoint_build/__pycache__/work.cpython-312.pyc', 'bytecode');
  put(directory, 'images/python/lib/__pycache__/entrypoint_logging.cpython-312.pyc', 'bytecode');
  put(directory, 'images/python/README.md', 'other words\n');
  assert.deepEqual(hashes(directory), before);
  put(directory, 'images/python/lib/entrypoint_build/work.py', 'x = 2\n');
  const changed = images.flatMap(({directory: name}, index) =>
    hashes(directory)[index] === before[index] ? [] : [name],
  );
  assert.deepEqual([...new Set(changed)].toSorted(), ['command', 'python']);
});

test("the context of the images has no bytecode of another machine's Python", () => {
  const patterns = ignorePatterns(readFileSync(join(root, '.dockerignore'), 'utf8'));
  const isLeftOut = (path: string): boolean => {
    const parts = path.split('/');
    const all = parts.map((_, index) => parts.slice(0, index + 1).join('/'));
    // The last line that matches a file or a directory above it decides.
    const last = patterns.findLast((pattern) => all.some((one) => matchesGlob(one, pattern.replace(/^!/, ''))));
    return last !== undefined && !last.startsWith('!');
  };
  const sources = globSync('images/**/*.py', {cwd: root});
  assert.ok(sources.length > 20);
  for (const file of sources) {
    assert.equal(isLeftOut(file), false, file);
    const bytecode = join(file, '../__pycache__', `${file.split('/').at(-1)?.replace('.py', '.cpython-313.pyc')}`);
    assert.equal(isLeftOut(bytecode), true, bytecode);
  }
});
