import assert from 'node:assert/strict';
import {test} from 'node:test';
import {node} from '../../../src/runtimes/node/index.ts';
import {python} from '../../../src/runtimes/python/index.ts';
import {directoryWith} from '../../support/directory.ts';
import {noPath, venv} from './python/place.ts';

// Services whose tests are not in test/unit: what they run themselves.

type Files = Readonly<Record<string, string>>;

function ofNode(script: string, files: Files = {}, rest: readonly string[] = []): readonly string[] {
  const cwd = directoryWith({'package.json': JSON.stringify({scripts: {test: script}}), ...files});
  return node.tests({cwd, env: {}, rest}, 'test/unit').words;
}

const ofPython = (files: Files): readonly string[] =>
  python.tests({cwd: directoryWith(files), env: noPath, rest: []}, 'test/unit').words;

test("a Node service's own `test` script runs with the programs of its dependencies", () => {
  assert.deepEqual(ofNode('mocha --exit'), ['sh', '-c', 'mocha --exit', 'test']);
  assert.deepEqual(ofNode('node --test test/*.js', {}, ['--test-only']).slice(2), [
    'node --test test/*.js "$@"',
    'test',
    '--test-only',
  ]);
  const cwd = directoryWith({'package.json': '{"scripts": {"test": "ava"}}'});
  assert.equal(
    node.tests({cwd, env: {PATH: '/bin'}, rest: []}, 'test/unit').env?.['PATH'],
    `${cwd}/node_modules/.bin:/bin`,
  );
});

test('vitest and jest run once, and with reports', () => {
  const vitest = {'node_modules/.bin/vitest': ''};
  assert.deepEqual(ofNode('vitest', vitest), ['node_modules/.bin/vitest', 'run']);
  assert.deepEqual(ofNode('vitest run --silent', vitest), ['node_modules/.bin/vitest', 'run', '--silent']);
  const jest = {'node_modules/.bin/jest': '', 'package.json': '{"scripts": {"test": "jest --watch --ci"}}'};
  const {words} = node.tests({cwd: directoryWith(jest), env: {}, rest: []}, 'test/unit', {
    junit: 'r/a.xml',
    coverage: 'r/a.lcov',
  });
  assert.deepEqual(words.slice(0, 3), ['node_modules/.bin/jest', '--coverage', '--coverageReporters=lcovonly']);
  assert.ok(words.includes('--ci') && !words.includes('--watch'));
});

test('no script, that of `npm init`, and another suite are no tests', () => {
  const missing = {code: 'no_tests'};
  assert.throws(() => ofNode('echo "Error: no test specified" && exit 1'), missing);
  assert.throws(() => node.tests({cwd: directoryWith({}), env: {}, rest: []}, 'test/unit'), missing);
  const cwd = directoryWith({'package.json': '{"scripts": {"test": "mocha"}}'});
  assert.throws(() => node.tests({cwd, env: {}, rest: []}, 'test/integration'), missing);
});

test("a Python service's tests run as it has them: pytest anywhere, Django's runner, unittest", () => {
  const tests = {'shop/tests/test_a.py': '', ...venv('python3')};
  assert.deepEqual(ofPython({...tests, ...venv('pytest', 'python3')}), ['.venv/bin/pytest']);
  assert.deepEqual(ofPython({...tests, 'manage.py': ''}), ['.venv/bin/python3', 'manage.py', 'test']);
  const django = {'manage.py': '', 'shop/tests.py': '', ...venv('pytest', 'python3')};
  assert.deepEqual(ofPython(django), ['.venv/bin/python3', 'manage.py', 'test']);
  assert.throws(() => ofPython(tests), {code: 'no_tests'});
  const unittest = {'tests/test_a.py': 'import unittest\n', ...venv('python3')};
  assert.deepEqual(ofPython(unittest).slice(0, 5), [
    '.venv/bin/python3',
    '-m',
    'unittest',
    'discover',
    '--start-directory',
  ]);
  assert.throws(() => ofPython({'tests/test_a.py': 'import pytest\n', ...venv('python3')}), {code: 'no_pytest'});
});

test('pytest of PATH is not used beside a virtual environment that has none', () => {
  const outside = directoryWith({'bin/pytest': ''});
  const cwd = directoryWith({'tests/test_a.py': 'import pytest\n', ...venv('python3')});
  const env = {PATH: `${outside}/bin`};
  assert.throws(() => python.tests({cwd, env, rest: []}, 'test/unit'), {code: 'no_pytest'});
  const without = directoryWith({'tests/test_a.py': ''});
  assert.deepEqual(python.tests({cwd: without, env, rest: []}, 'test/unit').words, ['pytest', 'tests']);
});
