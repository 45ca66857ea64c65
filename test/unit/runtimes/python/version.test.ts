import assert from 'node:assert/strict';
import {test} from 'node:test';
import {assert as check, integer, property} from 'fast-check';
import {allows, pythonVersion, pythonVersions} from '../../../../src/runtimes/python/version.ts';
import {directoryWith} from '../../../support/directory.ts';

const project = (requires: string): Record<string, string> => ({
  'pyproject.toml': `[project]\nname = "shop"\nrequires-python = "${requires}"\n`,
});

const allowed = (specifier: string): readonly string[] => pythonVersions.filter((one) => allows(specifier, one));

test('the version of a Dockerfile is that of .python-version, else one that requires-python allows', () => {
  assert.equal(pythonVersion(directoryWith({'app.py': ''})), '3.13');
  assert.equal(pythonVersion(directoryWith({'.python-version': '3.11.9\n'})), '3.11');
  assert.equal(pythonVersion(directoryWith({'.python-version': '# team\ncpython-3.14\n'})), '3.14');
  assert.equal(pythonVersion(directoryWith({...project('>=3.9'), '.python-version': '3.11\n'})), '3.11');
  assert.equal(pythonVersion(directoryWith(project('>=3.11,<3.13'))), '3.11');
  assert.equal(pythonVersion(directoryWith(project('>=3.14'))), '3.14');
  assert.equal(pythonVersion(directoryWith(project('>=3.10'))), '3.13');
  // None has an image: the build refuses this one with the way out.
  assert.equal(pythonVersion(directoryWith(project('==3.12.*'))), '3.13');
});

test('specifiers allow the minor versions of which some release matches', () => {
  assert.deepEqual(allowed(''), ['3.13', '3.11', '3.14']);
  assert.deepEqual(allowed('~=3.11'), ['3.13', '3.11', '3.14']);
  assert.deepEqual(allowed('~=3.11.2'), ['3.11']);
  assert.deepEqual(allowed('!=3.13.*'), ['3.11', '3.14']);
  assert.deepEqual(allowed('!=3.13.1'), ['3.13', '3.11', '3.14']);
  assert.deepEqual(allowed('<3.13.5, >=3.11'), ['3.13', '3.11']);
  assert.deepEqual(allowed('<=3.13'), ['3.13', '3.11']);
});

test('a lower and an upper bound allow what is between them', () => {
  const minor = integer({min: 8, max: 16});
  check(
    property(minor, minor, (low, high) => {
      for (const version of pythonVersions) {
        const own = Number(version.split('.')[1]);
        assert.equal(allows(`>=3.${low},<3.${high}`, version), own >= low && own < high);
      }
    }),
  );
});
