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

test('the script for unit tests is taken before that for all, and what it names is seen', () => {
  const vitest = {'node_modules/.bin/vitest': ''};
  const words = (scripts: Files): readonly string[] => {
    const cwd = directoryWith({'package.json': JSON.stringify({scripts}), ...vitest});
    return node.tests({cwd, env: {}, rest: []}, 'test/unit').words;
  };
  const once = ['node_modules/.bin/vitest', 'run'];
  assert.deepEqual(words({'test:unit': 'vitest', test: 'npm run test:unit && npm run test:e2e'}), once);
  assert.deepEqual(words({test: 'yarn unit', unit: 'pnpm run -s v', v: 'vitest'}), once);
  const hooked = {test: 'npm run unit', preunit: 'tsc', unit: 'vitest'};
  assert.deepEqual(words(hooked), ['sh', '-c', 'npm run unit', 'test']);
  assert.deepEqual(words({test: 'npm run lint && npm run test', lint: 'eslint .'}).slice(0, 2), ['sh', '-c']);
  assert.deepEqual(words({'test:unit': 'entrypoint test_unit', test: 'vitest'}), once);
});

test('a runner of another kind runs its own files, wherever they are', () => {
  const mocha = {'test/unit/a.test.js': '', 'node_modules/.bin/mocha': ''};
  assert.deepEqual(ofNode('mocha test/unit', mocha), ['sh', '-c', 'mocha test/unit', 'test']);
  assert.deepEqual(ofNode('NODE_ENV=test c8 mocha', mocha).slice(0, 2), ['sh', '-c']);
  assert.equal(ofNode('eslint . && vitest run', {'test/unit/a.test.js': ''})[1], '--test');
});

test("JUnit comes from the runner's own reporter", () => {
  const reports = {junit: 'r/a.xml', coverage: 'r/a.lcov'};
  const words = (script: string, files: Files = {}): readonly string[] => {
    const cwd = directoryWith({'package.json': JSON.stringify({scripts: {test: script}}), ...files});
    return node.tests({cwd, env: {}, rest: []}, 'test/unit', reports).words;
  };
  assert.deepEqual(words('mocha --exit', {'node_modules/.bin/mocha': ''}), [
    'node_modules/.bin/mocha',
    '--exit',
    '--reporter=xunit',
    '--reporter-option=output=r/a.xml',
  ]);
  const own = words('node --test test/*.js');
  assert.ok(own.includes('--test-reporter-destination=r/a.xml') && own.at(-1) === 'test/*.js');
  assert.deepEqual(words('node --test && echo done').slice(0, 2), ['sh', '-c']);
});

test('dependencies that are not installed are said, before a script says what it does not find', () => {
  const cwd = directoryWith({
    '.git/HEAD': '',
    'package.json': '{"scripts": {"test": "ava"}, "devDependencies": {"ava": "6"}}',
    'yarn.lock': '',
  });
  assert.throws(() => node.tests({cwd, env: {}, rest: []}, 'test/unit'), {
    code: 'not_installed',
    message: 'node_modules is missing',
    fix: 'yarn install',
  });
  const vitest = directoryWith({
    '.git/HEAD': '',
    'package.json': '{"devDependencies": {"vitest": "4"}}',
    'test/unit/a.test.ts': '',
  });
  assert.throws(() => node.tests({cwd: vitest, env: {}, rest: []}, 'test/unit'), {
    code: 'not_installed',
    message: 'vitest is not installed: node_modules is missing',
  });
  const shop = directoryWith({'tests/test_a.py': 'import pytest\n', 'uv.lock': 'name = "pytest"\n'});
  assert.throws(() => python.tests({cwd: shop, env: noPath, rest: []}, 'test/unit'), {
    code: 'no_pytest',
    message: 'pytest is not installed: .venv is missing',
    fix: 'uv sync (or build the image)',
  });
});

test('suites of other programs are named', () => {
  const cwd = directoryWith({'package.json': '{}', 'playwright.config.ts': ''});
  assert.throws(() => node.tests({cwd, env: {}, rest: []}, 'test/unit'), {
    code: 'no_tests',
    message: 'no tests in test/unit; playwright (playwright.config.ts) is left to a task of tasks.ts',
  });
  assert.throws(() => ofPython({'app.py': '', 'noxfile.py': '', 'tox.ini': ''}), {
    message: 'no tests in test/unit; nox (noxfile.py) and tox (tox.ini) are left to a task of tasks.ts',
  });
});

test('no script, this command itself, that of `npm init`, and another suite are no tests', () => {
  const missing = {code: 'no_tests'};
  assert.throws(() => ofNode('echo "Error: no test specified" && exit 1'), missing);
  assert.throws(() => ofNode('entrypoint test_unit'), missing);
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
