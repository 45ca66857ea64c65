import {globSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {exitCode, problem} from '../../errors.ts';
import {option} from '../../option.ts';
import type {Command, Words} from '../../shell/argv.ts';
import type {Context} from '../../task.ts';
import {isPythonService} from '../python/program.ts';
import {pytestCommand} from '../python/tests.ts';
import {findTool, nodeProgram} from './tooling.ts';

const testFiles = '**/*.test.{ts,mts,cts,js,mjs,cjs}';

/** Where a suite's reports go: its files in a directory, named after the suite so that one directory takes them all. */
export interface Reports {
  /** JUnit's XML: what CI systems read. */
  readonly junit: string;
  /** Coverage by line, in lcov's format. */
  readonly coverage: string;
}

/** `reports/test_unit.junit.xml` and `reports/test_unit.lcov` for the suite test/unit. */
function reportFiles(output: string, directory: string): Reports {
  const name = directory.replaceAll('/', '_');
  return {junit: join(output, `${name}.junit.xml`), coverage: join(output, `${name}.lcov`)};
}

/**
 * The command that runs the tests below a directory: pytest for Python; vitest or jest where the
 * service has them, else Node's own runner.
 * With `output`, a directory, it also writes reports there ({@link reportFiles}).
 * @throws Problem `no_tests` when there is none: a suite that is missing must not look like one that passed
 */
export function testCommand(
  context: Pick<Context, 'cwd' | 'env' | 'rest'>,
  directory: string,
  output?: string,
): Command {
  const {cwd, env, rest} = context;
  const reports = output === undefined ? undefined : reportFiles(output, directory);
  if (isPythonService(cwd)) return pytestCommand(context, directory, reports);
  if (globSync(`${directory}/${testFiles}`, {cwd}).length === 0) {
    throw problem({
      code: 'no_tests',
      what: `there are no tests in ${directory}, and this task runs them`,
      fix: `add files named *.test.ts below ${directory}, or leave the task out in tasks.ts`,
      exitCode: exitCode.unavailable,
    });
  }
  const own = (name: string): boolean => findTool(cwd, name)?.own === true;
  if (own('vitest'))
    return {words: ['node_modules/.bin/vitest', 'run', '--dir', directory, ...vitestReports(reports), ...rest]};
  if (own('jest')) return jestCommand(directory, rest, reports);
  const command = {words: [nodeProgram(env), '--test', ...nodeReports(reports), ...rest, `${directory}/${testFiles}`]};
  return reports === undefined ? command : {...command, env: exactCoverage};
}

// An image's compile cache holds the service's modules, and V8 counts what comes from a cache less exactly.
const exactCoverage = {NODE_DISABLE_COMPILE_CACHE: '1'};

function nodeReports(reports: Reports | undefined): string[] {
  if (reports === undefined) return [];
  const reporters = {spec: 'stdout', junit: reports.junit, lcov: reports.coverage};
  return [
    '--experimental-test-coverage',
    ...Object.entries(reporters).flatMap(([reporter, destination]) => [
      `--test-reporter=${reporter}`,
      `--test-reporter-destination=${destination}`,
    ]),
  ];
}

// Coverage needs packages of their own there: who has them sets it in the runner's configuration.
function vitestReports(reports: Reports | undefined): string[] {
  return reports === undefined ? [] : ['--reporter=default', '--reporter=junit', `--outputFile.junit=${reports.junit}`];
}

// jest writes JUnit only with the package jest-junit, which takes the file's name from the environment.
function jestCommand(directory: string, rest: Words, reports: Reports | undefined): Command {
  const words = ['node_modules/.bin/jest', '--rootDir', directory];
  if (reports === undefined) return {words: [...words, ...rest]};
  return {
    words: [
      ...words,
      '--coverage',
      '--coverageReporters=lcovonly',
      `--coverageDirectory=${dirname(reports.coverage)}`,
      '--reporters=default',
      '--reporters=jest-junit',
      ...rest,
    ],
    env: {...exactCoverage, JEST_JUNIT_OUTPUT_FILE: reports.junit},
  };
}

/** The option of every task that runs tests. */
export const reportOptions = {
  output: option.string('directory for reports: JUnit and coverage', {valueName: 'DIR'}),
};

/** Runs the tests below a directory, and makes the directory of their reports. */
export async function runTests(
  context: Context,
  directory: string,
  output: string | undefined,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const command = testCommand(context, directory, output);
  if (output !== undefined) await context.run(['mkdir', '-p', output], {capture: true});
  await context.run({...command, env: {...command.env, ...env}});
}
