import {globSync} from 'node:fs';
import {dirname, join} from 'node:path';
import type {Command, Words} from '../../shell/argv.ts';
import type {Context} from '../../task.ts';
import {noTests, type Reports, type ServiceContext} from '../runtime.ts';
import {readPackage} from './package.ts';
import {findPackage, findTool, isWritable, nodeProgram, plugAndPlay} from './tooling.ts';

const testFiles = '**/*.test.{ts,mts,cts,js,mjs,cjs}';

/**
 * The tests below `suite`: with vitest or jest if the service depends on one, else with Node's own runner.
 * @throws Problem `no_tests` (exit code 69)
 */
export function nodeTests(
  {cwd, env, rest}: ServiceContext & Pick<Context, 'rest'>,
  suite: string,
  reports?: Reports,
): Command {
  if (globSync(`${suite}/${testFiles}`, {cwd}).length === 0) throw noTests(suite, '*.test.ts');
  const own = (name: string): string | undefined => {
    const tool = findTool(cwd, name);
    return tool?.own === true ? tool.program : undefined;
  };
  const vitest = own('vitest');
  if (vitest !== undefined)
    return {words: [vitest, 'run', '--dir', suite, ...configLoader(cwd), ...vitestReports(reports), ...rest]};
  const jest = own('jest');
  if (jest !== undefined) return jestCommand(jest, suite, rest, reports);
  const words = [nodeProgram(env), '--test', ...nodeReports(reports), ...rest, `${suite}/${testFiles}`];
  const surroundings = {...plugAndPlay(cwd, env).env, ...(reports === undefined ? {} : exactCoverage)};
  return Object.keys(surroundings).length === 0 ? {words} : {words, env: surroundings};
}

// The image's compile cache holds the service's modules, and V8 counts coverage of cached code less exactly.
const exactCoverage = {NODE_DISABLE_COMPILE_CACHE: '1'};

/** Where the command is: a service that imports from it has tests of its own code only. */
const ownFiles = `${import.meta.url.endsWith('.ts') ? join(import.meta.dirname, '../../../dist') : import.meta.dirname}/**`;
/** What Node leaves out if nothing is named (lib/internal/test_runner/utils.js, kDefaultPattern). */
const usuallyExcluded = '**/{test,test/**/*,test-*,*[._-]test}.{js,mjs,cjs,ts,mts,cts}';

function nodeReports(reports: Reports | undefined): string[] {
  if (reports === undefined) return [];
  const reporters = {spec: 'stdout', junit: reports.junit, lcov: reports.coverage};
  return [
    '--experimental-test-coverage',
    ...[ownFiles, usuallyExcluded].map((files) => `--test-coverage-exclude=${files}`),
    ...Object.entries(reporters).flatMap(([reporter, destination]) => [
      `--test-reporter=${reporter}`,
      `--test-reporter-destination=${destination}`,
    ]),
  ];
}

/** In an image, nothing can be written beside the code, as vite does with what it makes of its configuration. */
function configLoader(directory: string): readonly string[] {
  if (isWritable(directory) || globSync('{vite,vitest}.config.*', {cwd: directory}).length === 0) return [];
  const file = findPackage(directory, 'vitest');
  const {version = '0.0'} = file === undefined ? {} : (readPackage(join(directory, file)) ?? {});
  const [major = 0, minor = 0] = version.split('.').map(Number);
  // Since 3.2.
  return major > 3 || (major === 3 && minor >= 2) ? ['--configLoader', 'runner'] : [];
}

// vitest measures coverage only with a further package, so coverage is left to the service's vitest configuration.
function vitestReports(reports: Reports | undefined): string[] {
  return reports === undefined ? [] : ['--reporter=default', '--reporter=junit', `--outputFile.junit=${reports.junit}`];
}

// jest writes JUnit only with the package jest-junit, which takes the file's name from the environment.
function jestCommand(jest: string, suite: string, rest: Words, reports: Reports | undefined): Command {
  const words = [jest, '--rootDir', suite];
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
