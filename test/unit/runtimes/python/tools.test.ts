import assert from 'node:assert/strict';
import {rmSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {isProblem} from '../../../../src/errors.ts';
import {testCommand} from '../../../../src/runtimes/index.ts';
import {pythonChecks} from '../../../../src/runtimes/python/checks.ts';
import {findPythonProgram, isPythonService} from '../../../../src/runtimes/python/program.ts';
import {pyprojectTexts} from '../../../../src/runtimes/python/pyproject.ts';
import {pytestInImage} from '../../../../src/runtimes/python/tests.ts';
import {directoryWith} from '../../../support/directory.ts';
import {noPath, venv} from './place.ts';

test('a directory with a Python manifest or source is a Python service, unless it has a package.json', () => {
  for (const name of [
    'pyproject.toml',
    'requirements.txt',
    'requirements-dev.txt',
    'requirements/run.txt',
    'setup.py',
    'app.py',
  ]) {
    assert.ok(isPythonService(directoryWith({[name]: ''})), name);
  }
  assert.ok(!isPythonService(directoryWith({'package.json': '{}', 'app.py': ''})));
  assert.ok(!isPythonService(directoryWith({'README.md': ''})));
});

test('a program of the virtual environment wins over PATH; a broken environment is ignored', () => {
  const cwd = directoryWith({...venv('ruff'), 'bin/ruff': '#!/bin/sh\n'});
  const env = {PATH: join(cwd, 'bin')};
  assert.equal(findPythonProgram({cwd, env}, 'ruff'), '.venv/bin/ruff');
  rmSync(join(cwd, '.venv/bin/python'));
  assert.equal(findPythonProgram({cwd, env}, 'ruff'), 'ruff');
  assert.equal(findPythonProgram({cwd, env: noPath}, 'ruff'), undefined);
});

test('a member of a uv workspace has the virtual environment of its root', () => {
  const root = directoryWith({'.git/HEAD': '', 'uv.lock': '', ...venv('pytest'), 'apps/api/main.py': ''});
  const cwd = join(root, 'apps/api');
  assert.equal(findPythonProgram({cwd, env: noPath}, 'pytest'), '../../.venv/bin/pytest');
  rmSync(join(root, 'uv.lock'));
  assert.equal(findPythonProgram({cwd, env: noPath}, 'pytest'), undefined);
});

test('strings are read from one table of pyproject.toml, and from no other', () => {
  const cwd = directoryWith({
    'pyproject.toml':
      '[project]\nname = "shop" # x\nversion = \'1\'\nlist = ["a"]\n[project.urls]\nname = "no"\n[[tool.x]]\nname = "no"\n',
  });
  assert.deepEqual(pyprojectTexts(cwd, 'project'), {name: 'shop', version: '1'});
  assert.deepEqual(pyprojectTexts(directoryWith({}), 'project'), {});
});

const checks = (files: Record<string, string>): object => pythonChecks({cwd: directoryWith(files), env: noPath});

test("static analysis runs the service's own tools with its own settings", () => {
  assert.deepEqual(checks(venv('ruff', 'mypy')), [
    ['.venv/bin/ruff', 'check', '.'],
    ['.venv/bin/ruff', 'format', '--check', '.'],
    ['.venv/bin/mypy', '.'],
  ]);
  const settings = '[tool.mypy]\nstrict = true\nfiles = ["shop"]\n[tool.x]\n';
  assert.deepEqual(checks({...venv('black', 'mypy'), 'pyproject.toml': settings}), [
    ['.venv/bin/black', '--check', '.'],
    ['.venv/bin/mypy'],
  ]);
  assert.deepEqual(checks({'pyproject.toml': ''}), []);
  assert.deepEqual(checks({...venv('flake8', 'pyright', 'ty'), 'tox.ini': '[flake8]\n'}), [
    ['.venv/bin/flake8', '--extend-exclude', '.venv,venv,node_modules', '.'],
    ['.venv/bin/pyright'],
    ['.venv/bin/ty', 'check'],
  ]);
});

test('a tool that is configured or required and not installed is an error', () => {
  const settings = '[tool.mypy]\nstrict = true\n';
  assert.throws(() => checks({...venv('ruff'), 'pyproject.toml': settings, 'requirements.txt': 'flask\n'}), {
    code: 'not_installed',
    message: 'mypy is configured, and not installed',
    fix: /^add mypy to requirements\.txt, then: /,
  });
  assert.throws(
    () => checks({'pyproject.toml': `[dependency-groups]\ndev = ["ruff", "mypy>=1"]\n${settings}`, 'uv.lock': ''}),
    {
      code: 'not_installed',
      message: 'ruff and mypy are not installed: .venv is missing',
      fix: 'uv sync (or build the image)',
    },
  );
});

const command = (
  files: Record<string, string>,
  output?: string,
  rest: readonly string[] = [],
  directory = 'test/unit',
): object =>
  testCommand({cwd: directoryWith({'pyproject.toml': '', ...files}), env: noPath, rest}, directory, {output});

test('pytest runs a suite below test/ or tests/', () => {
  assert.deepEqual(command({...venv('pytest'), 'test/unit/test_a.py': ''}, undefined, ['-x']), {
    words: ['.venv/bin/pytest', '-x', 'test/unit'],
  });
  assert.deepEqual(command({...venv('pytest'), 'tests/sanity/a_test.py': ''}, undefined, [], 'test/sanity'), {
    words: ['.venv/bin/pytest', 'tests/sanity'],
  });
  assert.deepEqual(command({...venv('pytest'), 'tests/test_a.py': '', 'tests/integration/test_b.py': ''}), {
    words: ['.venv/bin/pytest', '--ignore=tests/integration', 'tests'],
  });
});

test('with a report directory it writes JUnit, and coverage if pytest-cov is installed', () => {
  const files = {...venv('pytest'), 'test/unit/test_a.py': ''};
  assert.deepEqual(command(files, 'out'), {
    words: ['.venv/bin/pytest', '--junitxml=out/test_unit.junit.xml', 'test/unit'],
  });
  assert.deepEqual(command({...files, '.venv/lib/python3.13/site-packages/pytest_cov/__init__.py': ''}, 'out'), {
    words: [
      '.venv/bin/pytest',
      '--junitxml=out/test_unit.junit.xml',
      'test/unit',
      '--cov',
      '--cov-report=lcov:out/test_unit.lcov',
    ],
    env: {COVERAGE_FILE: 'out/.coverage'},
  });
});

test('a suite does not pass without tests or without pytest', () => {
  assert.throws(
    () => command(venv('pytest')),
    (error) => isProblem(error) && error.code === 'no_tests' && error.exitCode === 69,
  );
  assert.throws(
    () => command({'test/unit/test_a.py': ''}),
    (error) => isProblem(error) && error.code === 'no_pytest' && error.exitCode === 69,
  );
});

const reports = (text: string): readonly string[] =>
  pytestInImage(directoryWith({'pyproject.toml': text})).words.slice(2);

test('pytest writes nothing beside the code in an image, whatever its configuration measures', () => {
  assert.deepEqual(reports(''), []);
  assert.deepEqual(reports('addopts = "--cov=shop --cov-report=xml --cov-report html --cov-report=term"'), [
    '--cov-report=xml:/tmp/coverage/xml',
    '--cov-report=html:/tmp/coverage/html',
  ]);
  assert.deepEqual(reports('addopts = ["--cov", "--cov-report", "lcov", "--cov-report=json:/tmp/x"]'), [
    '--cov-report=lcov:/tmp/coverage/lcov',
  ]);
  assert.deepEqual(pytestInImage(directoryWith({})), {
    words: ['-p', 'no:cacheprovider'],
    env: {COVERAGE_FILE: '/tmp/.coverage'},
  });
});
