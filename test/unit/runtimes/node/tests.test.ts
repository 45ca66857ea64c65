import assert from 'node:assert/strict';
import {dirname, join} from 'node:path';
import {test} from 'node:test';
import {isProblem} from '../../../../src/errors.ts';
import {testCommand} from '../../../../src/runtimes/index.ts';
import {directoryWith} from '../../../support/directory.ts';

const service = (...files: readonly string[]): string =>
  directoryWith(Object.fromEntries(files.map((file) => [file, ''])));

const command = (cwd: string, output?: string, rest: readonly string[] = []): object =>
  testCommand({cwd, env: {PATH: dirname(process.execPath)}, rest}, 'test/unit', {output});

const pattern = 'test/unit/**/*.test.{ts,mts,cts,js,mjs,cjs}';

test("Node's own runner runs a suite if the service depends on no other", () => {
  assert.deepEqual(command(service('test/unit/a.test.ts'), undefined, ['--test-only']), {
    words: ['node', '--test', '--test-only', pattern],
  });
});

test('with a report directory it writes JUnit and exact coverage (no compile cache), of the service alone, and still prints to the terminal', () => {
  assert.deepEqual(command(service('test/unit/a.test.ts'), 'out'), {
    words: [
      'node',
      '--test',
      '--experimental-test-coverage',
      `--test-coverage-exclude=${join(import.meta.dirname, '../../../../dist')}/**`,
      '--test-coverage-exclude=**/{test,test/**/*,test-*,*[._-]test}.{js,mjs,cjs,ts,mts,cts}',
      '--test-reporter=spec',
      '--test-reporter-destination=stdout',
      '--test-reporter=junit',
      '--test-reporter-destination=out/test_unit.junit.xml',
      '--test-reporter=lcov',
      '--test-reporter-destination=out/test_unit.lcov',
      pattern,
    ],
    env: {NODE_DISABLE_COMPILE_CACHE: '1'},
  });
});

test("the service's own vitest or jest is preferred", () => {
  const vitest = service('test/unit/a.test.ts', 'node_modules/.bin/vitest');
  assert.deepEqual(command(vitest, 'out'), {
    words: [
      'node_modules/.bin/vitest',
      'run',
      '--dir',
      'test/unit',
      '--reporter=default',
      '--reporter=junit',
      '--outputFile.junit=out/test_unit.junit.xml',
    ],
  });
  const jest = service('test/unit/a.test.js', 'node_modules/.bin/jest');
  assert.deepEqual(command(jest), {words: ['node_modules/.bin/jest', '--rootDir', 'test/unit']});
  assert.deepEqual(command(jest, 'out'), {
    words: [
      'node_modules/.bin/jest',
      '--rootDir',
      'test/unit',
      '--coverage',
      '--coverageReporters=lcovonly',
      '--coverageDirectory=out',
      '--reporters=default',
      '--reporters=jest-junit',
    ],
    env: {NODE_DISABLE_COMPILE_CACHE: '1', JEST_JUNIT_OUTPUT_FILE: 'out/test_unit.junit.xml'},
  });
});

test('a missing suite does not pass', () => {
  assert.throws(
    () => command(service('test/unit/notes.md')),
    (error) => isProblem(error) && error.exitCode === 69 && /no tests in test\/unit/.test(error.message),
  );
});
