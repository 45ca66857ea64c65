import {existsSync, globSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {exitCode, problem} from '../../errors.ts';
import type {Command} from '../../shell/argv.ts';
import type {Context} from '../../task.ts';
import {findPythonProgram, hasPythonPackage, installFix} from './program.ts';

const testFiles = '**/{test_*,*_test}.py';

/**
 * pytest for the tests below a directory; `test/unit` may also be `tests/unit`. Tests that lie beside each other in
 * `tests` are unit tests. JUnit is pytest's own; coverage needs pytest-cov among the service's requirements.
 * @throws Problem `no_tests` or `no_pytest`: a suite that is missing must not look like one that passed
 */
export function pytestCommand(
  context: Pick<Context, 'cwd' | 'env' | 'rest'>,
  directory: string,
  reports?: {readonly junit: string; readonly coverage: string},
): Command {
  const {cwd, env, rest} = context;
  const [root = '', kind = ''] = directory.split('/');
  const places = kind === 'unit' ? [directory, `${root}s/unit`, `${root}s`, root] : [directory, `${root}s/${kind}`];
  const place = places.find((one) => globSync(`${one}/${testFiles}`, {cwd}).length > 0);
  if (place === undefined) {
    throw problem({
      code: 'no_tests',
      what: `there are no tests in ${directory}, and this task runs them`,
      fix: `add files named test_*.py below ${directory}, or leave the task out in tasks.ts`,
      exitCode: exitCode.unavailable,
    });
  }
  const pytest = findPythonProgram({cwd, env}, 'pytest');
  if (pytest === undefined) {
    throw problem({
      code: 'no_pytest',
      what: 'pytest is not installed, and this task runs the tests with it',
      fix: installFix({cwd}, 'pytest'),
      exitCode: exitCode.unavailable,
    });
  }
  const others = place.includes('/') ? [] : ['integration', 'sanity'].map((name) => `${place}/${name}`);
  const ignored = others.filter((one) => existsSync(join(cwd, one))).map((one) => `--ignore=${one}`);
  const command = {
    words: [pytest, ...ignored, ...(reports === undefined ? [] : [`--junitxml=${reports.junit}`]), ...rest, place],
  };
  if (reports === undefined || !hasPythonPackage({cwd, env}, 'pytest_cov')) return command;
  return {
    words: [...command.words, '--cov', `--cov-report=lcov:${reports.coverage}`],
    // Beside the reports: in an image nothing may be written beside the code.
    env: {COVERAGE_FILE: join(dirname(reports.coverage), '.coverage')},
  };
}
