import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {isPythonManifest, requirementFiles} from '../../../../src/runtimes/python/manifests.ts';
import {isPythonService} from '../../../../src/runtimes/python/program.ts';
import {directoryWith} from '../../../support/directory.ts';

test('the command knows each name that the install in the image reads', () => {
  const project = readFileSync(
    join(import.meta.dirname, '../../../../images/python/lib/entrypoint_build/manifests/project.py'),
    'utf8',
  );
  const patterns = [...(/^FILES = \(([^]*?)^\)/m.exec(project)?.[1] ?? '').matchAll(/"([^"]+)"/g)].map(
    ([, pattern = '']) => pattern,
  );
  assert.ok(patterns.length > 20);
  for (const pattern of patterns.filter((one) => !one.startsWith('requirements/')))
    for (const part of ['', '-dev', 'dev-'])
      assert.ok(!pattern.includes('*') && part !== '' ? true : isPythonManifest(pattern.replace('*', part)), pattern);
  for (const name of ['README.md', '.env', '.requirements.txt.swp', 'notes.txt', 'package.json'])
    assert.equal(isPythonManifest(name), false, name);
});

test('every file that lists requirements is found, and makes a service one of Python, as does one of conda', () => {
  const files = {'dev-requirements.txt': '', 'requirements.in': '', 'requirements/base.txt': '', 'notes.txt': ''};
  assert.deepEqual(requirementFiles(directoryWith(files)), [
    'dev-requirements.txt',
    'requirements.in',
    'requirements/base.txt',
  ]);
  for (const name of ['test-requirements.txt', 'environment.yaml', 'conda-lock.yml'])
    assert.equal(isPythonService(directoryWith({[name]: ''})), true, name);
  assert.equal(isPythonService(directoryWith({'notes.txt': ''})), false);
});
