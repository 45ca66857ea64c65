import {existsSync, globSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {exitCode, problem} from '../../errors.ts';
import type {Command} from '../../shell/argv.ts';
import type {Context} from '../../task.ts';
import {noTests, type Reports, type ServiceContext} from '../runtime.ts';
import {findPythonProgram, hasPythonPackage, installFix} from './program.ts';

const testFiles = '**/{test_*,*_test}.py';

/**
 * pytest for the tests below a directory: `test/unit`, or else `tests/unit`. Tests directly in `tests` are unit tests.
 * pytest writes JUnit without a plugin; coverage needs pytest-cov among the service's requirements.
 * @throws Problem `no_tests` or `no_pytest` (exit code 69): a missing suite must not pass
 */
export function pytestCommand(
  {cwd, env, rest}: ServiceContext & Pick<Context, 'rest'>,
  suite: string,
  reports?: Reports,
): Command {
  const [root = '', kind = ''] = suite.split('/');
  const candidates = kind === 'unit' ? [suite, `${root}s/unit`, `${root}s`, root] : [suite, `${root}s/${kind}`];
  const directory = candidates.find((one) => globSync(`${one}/${testFiles}`, {cwd}).length > 0);
  if (directory === undefined) throw noTests(suite, 'test_*.py');
  const pytest = findPythonProgram({cwd, env}, 'pytest');
  if (pytest === undefined) {
    throw problem({
      code: 'no_pytest',
      what: 'pytest is not installed',
      fix: installFix({cwd}, 'pytest'),
      exitCode: exitCode.unavailable,
    });
  }
  const others = directory.includes('/') ? [] : ['integration', 'sanity'].map((name) => `${directory}/${name}`);
  const ignored = others.filter((one) => existsSync(join(cwd, one))).map((one) => `--ignore=${one}`);
  const command = {
    words: [pytest, ...ignored, ...(reports === undefined ? [] : [`--junitxml=${reports.junit}`]), ...rest, directory],
  };
  if (reports === undefined || !hasPythonPackage({cwd, env}, 'pytest_cov')) return command;
  return {
    words: [...command.words, '--cov', `--cov-report=lcov:${reports.coverage}`],
    // Next to the reports: in an image the user cannot write next to the code.
    env: {COVERAGE_FILE: join(dirname(reports.coverage), '.coverage')},
  };
}
