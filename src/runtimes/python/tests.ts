import {existsSync, globSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {exitCode, problem} from '../../errors.ts';
import type {Command, Words} from '../../shell/argv.ts';
import type {Context} from '../../task.ts';
import {readText} from '../../text/file.ts';
import {noTests, type Reports, type ServiceContext} from '../runtime.ts';
import {isWritable} from '../writable.ts';
import {
  findPythonProgram,
  hasPythonPackage,
  installFix,
  notInstalledFix,
  pythonProgram,
  virtualEnvironment,
} from './program.ts';
import {requirementsText, requires} from './requirements.ts';

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
  const pytest = ownPytest({cwd, env});
  const other = kind === 'unit' ? otherTests({cwd, env, rest}, directory, pytest, reports) : undefined;
  if (other !== undefined) return other;
  if (directory === undefined) throw noTests(suite, 'test_*.py', otherSuites(cwd));
  if (pytest === undefined) {
    const isRequired = requires(requirementsText(cwd), 'pytest');
    throw problem({
      code: 'no_pytest',
      what: `pytest is not installed${isRequired && virtualEnvironment(cwd) === undefined ? ': .venv is missing' : ''}`,
      fix: isRequired ? notInstalledFix(cwd) : installFix({cwd}, 'pytest'),
      exitCode: exitCode.unavailable,
    });
  }
  const others = directory.includes('/') ? [] : ['integration', 'sanity'].map((name) => `${directory}/${name}`);
  const ignored = others.filter((one) => existsSync(join(cwd, one))).map((one) => `--ignore=${one}`);
  const inImage = isWritable(cwd) ? undefined : pytestInImage(cwd);
  const command = {
    words: [
      pytest,
      ...(inImage?.words ?? []),
      ...ignored,
      ...(reports === undefined ? [] : [`--junitxml=${reports.junit}`]),
      ...rest,
      directory,
    ],
    ...(inImage === undefined ? {} : {env: inImage.env}),
  };
  if (reports === undefined || !hasPythonPackage({cwd, env}, 'pytest_cov')) return command;
  return {
    words: [...command.words, '--cov', `--cov-report=lcov:${reports.coverage}`],
    // Next to the reports: in an image the user cannot write next to the code.
    env: {COVERAGE_FILE: join(dirname(reports.coverage), '.coverage')},
  };
}

/**
 * What pytest needs in an image, where nothing can be written beside the code: no cache, and coverage that the service's
 * configuration measures elsewhere.
 */
export function pytestInImage(directory: string): {
  readonly words: Words;
  readonly env: Readonly<Record<string, string>>;
} {
  const configured = ['pyproject.toml', 'pytest.ini', '.pytest.ini', 'setup.cfg', 'tox.ini']
    .map((name) => readText(join(directory, name)) ?? '')
    .join('\n');
  const kinds = new Set(
    Array.from(configured.matchAll(/--cov-report[="',\s]+(html|xml|json|lcov)\b(?!:)/g), ([, kind]) => kind),
  );
  return {
    words: ['-p', 'no:cacheprovider', ...[...kinds].map((kind) => `--cov-report=${kind}:/tmp/coverage/${kind}`)],
    env: {COVERAGE_FILE: '/tmp/.coverage'},
  };
}

/**
 * The tests of a service that has them elsewhere, or runs them without pytest: pytest with its own configuration, Django's
 * runner, or unittest.
 */
function otherTests(
  {cwd, env, rest}: ServiceContext & Pick<Context, 'rest'>,
  directory: string | undefined,
  pytest: string | undefined,
  reports: Reports | undefined,
): Command | undefined {
  const python = pythonProgram({cwd, env});
  // pytest does not look into tests.py.
  const isDjango = existsSync(join(cwd, 'manage.py')) && (pytest === undefined || !has(cwd, '**/{test_*,*_test}.py'));
  if (isDjango && has(cwd, '**/{tests,test_*}.py')) return {words: [python, 'manage.py', 'test', ...rest]};
  if (pytest === undefined && directory !== undefined && usesUnittest(cwd, directory))
    return {
      words: [
        python,
        '-m',
        'unittest',
        'discover',
        '--start-directory',
        directory,
        '--top-level-directory',
        '.',
        ...rest,
      ],
    };
  if (directory !== undefined || pytest === undefined || !has(cwd, '**/{test_*,*_test,tests}.py')) return undefined;
  const junit = reports === undefined ? [] : [`--junitxml=${reports.junit}`];
  if (isWritable(cwd)) return {words: [pytest, ...junit, ...rest]};
  const inImage = pytestInImage(cwd);
  return {words: [pytest, ...inImage.words, ...junit, ...rest], env: inImage.env};
}

/** Programs that start tests in environments of their own, which a task of tasks.ts can run. */
export function otherSuites(directory: string): readonly string[] {
  const files = {nox: ['noxfile.py'], tox: ['tox.ini', 'tox.toml']};
  return Object.entries(files).flatMap(([name, all]) => {
    const file = all.find((one) => existsSync(join(directory, one)));
    return file === undefined ? [] : [`${name} (${file})`];
  });
}

/** Not that of PATH beside a virtual environment without one: it is another's, and knows nothing of the dependencies. */
function ownPytest(context: ServiceContext): string | undefined {
  const found = findPythonProgram(context, 'pytest');
  return virtualEnvironment(context.cwd) !== undefined && found === 'pytest' ? undefined : found;
}

const elsewhere = ['.venv/**', 'venv/**', 'node_modules/**', '**/site-packages/**'];

const has = (cwd: string, pattern: string): boolean => globSync(pattern, {cwd, exclude: elsewhere}).length > 0;

function usesUnittest(cwd: string, directory: string): boolean {
  const files = globSync(`${directory}/${testFiles}`, {cwd});
  return files.every((file) => /^(?:import|from) unittest\b/m.test(readText(join(cwd, file)) ?? ''));
}
