import {globSync} from 'node:fs';
import {delimiter, dirname, join} from 'node:path';
import {exitCode, problem} from '../../errors.ts';
import type {Command, Words} from '../../shell/argv.ts';
import type {Context} from '../../task.ts';
import {noTests, type Reports, type ServiceContext} from '../runtime.ts';
import {isWritable} from '../writable.ts';
import {isDeclared, requiredTool} from './linters.ts';
import {installCommand, isInstalled} from './package-manager.ts';
import {readPackage} from './package.ts';
import {coverage, scriptInImage} from './read-only.ts';
import {testScript} from './test-script.ts';
import {findPackage, findTool, nodeProgram, plugAndPlay, programDirectories} from './tooling.ts';

const testFiles = '**/*.test.{ts,mts,cts,js,mjs,cjs}';

/** Runners whose files Node's own cannot run: `describe` is a global there. They are run as the `test` script says. */
const otherRunners = /^(?:NODE_ENV=\S+ |cross-env |\w+=\S+ )*(?:mocha|ava|tap|jasmine|uvu|c8|nyc)\b/;

/**
 * The tests below `suite`: with vitest or jest if the service depends on one, else with Node's own runner. Where a service has
 * its unit tests elsewhere, or another runner for them, its `test:unit` or `test` script runs.
 * @throws Problem `no_tests` or `not_installed` (exit code 69)
 */
export function nodeTests(
  {cwd, env, rest}: ServiceContext & Pick<Context, 'rest'>,
  suite: string,
  reports?: Reports,
): Command {
  const script = suite === 'test/unit' ? testScript(readPackage(cwd) ?? {}) : undefined;
  const isEmpty = globSync(`${suite}/${testFiles}`, {cwd}).length === 0;
  if (script !== undefined && (isEmpty || otherRunners.test(script)))
    return ownTests({cwd, env, rest}, script, reports);
  if (isEmpty) throw noTests(suite, '*.test.ts', otherSuites(cwd));
  const own = (name: string): string | undefined =>
    isDeclared(cwd, name) || findTool(cwd, name)?.own === true ? requiredTool(cwd, {name, package: name}) : undefined;
  const vitest = own('vitest');
  if (vitest !== undefined)
    return {words: [vitest, 'run', '--dir', suite, ...vitestPlaces(cwd, rest), ...vitestReports(reports), ...rest]};
  const jest = own('jest');
  if (jest !== undefined) return jestCommand({cwd, jest, suite, rest}, reports);
  return nodeRunner({cwd, env}, [...rest, `${suite}/${testFiles}`], reports);
}

/** Suites of other programs, which a task of tasks.ts can run. */
export function otherSuites(directory: string): readonly string[] {
  return globSync(['playwright.config.{ts,js,mts,mjs}', 'cypress.config.{ts,js,mjs}'], {cwd: directory}).map(
    (file) => `${file.split('.')[0] ?? ''} (${file})`,
  );
}

function nodeRunner({cwd, env}: ServiceContext, words: Words, reports: Reports | undefined): Command {
  const all = [nodeProgram(env), '--test', ...nodeReports(reports), ...words];
  const surroundings = {...plugAndPlay(cwd, env).env, ...(reports === undefined ? {} : exactCoverage)};
  return Object.keys(surroundings).length === 0 ? {words: all} : {words: all, env: surroundings};
}

/**
 * The tests as the `test` script runs them, with the programs of the dependencies: once, and with reports where the runner has
 * some.
 * @throws Problem `not_installed` (exit code 69)
 */
function ownTests(
  {cwd, env, rest}: ServiceContext & Pick<Context, 'rest'>,
  script: string,
  reports: Reports | undefined,
): Command {
  requireDependencies(cwd);
  const [, program = '', options = ''] =
    /^(?:NODE_ENV=test |cross-env NODE_ENV=test )?(vitest|jest|mocha|node)((?: [\w@%+:,./=*{}-]+)*)$/.exec(script) ??
    [];
  const all = options.split(' ').filter((word) => word !== '');
  const words = all.filter(
    (word, at) => !/^(?:--watch(?:All)?(?:=.*)?|-w)$/.test(word) && !(at === 0 && word === 'run'),
  );
  const tool = ['vitest', 'jest', 'mocha'].includes(program)
    ? requiredTool(cwd, {name: program, package: program})
    : undefined;
  if (tool !== undefined && program === 'vitest')
    return {words: [tool, 'run', ...words, ...vitestPlaces(cwd, words), ...vitestReports(reports), ...rest]};
  if (tool !== undefined && program === 'jest')
    return jestCommand({cwd, jest: tool, rest: [...words, ...rest]}, reports);
  if (reports !== undefined && tool !== undefined && !words.some((word) => /^(?:-R|--reporter)\b/.test(word)))
    return {words: [tool, ...words, '--reporter=xunit', `--reporter-option=output=${reports.junit}`, ...rest]};
  if (reports !== undefined && program === 'node' && words.includes('--test') && !script.includes('--test-reporter'))
    return nodeRunner({cwd, env}, [...words.filter((word) => word !== '--test'), ...rest], reports);
  const path = [...programDirectories(cwd), env['PATH'] ?? ''].join(delimiter);
  const line = isWritable(cwd) ? script : scriptInImage(script);
  return {
    // Words after `--` follow those of the script, as `npm test -- WORDS` has it.
    words: ['sh', '-c', rest.length === 0 ? line : `${line} "$@"`, 'test', ...rest],
    env: {...plugAndPlay(cwd, env).env, PATH: path},
  };
}

/** A script would say `mocha: not found`. */
function requireDependencies(directory: string): void {
  const {dependencies = {}, devDependencies = {}} = readPackage(directory) ?? {};
  const [first] = [...Object.keys(devDependencies), ...Object.keys(dependencies)];
  if (first === undefined || isInstalled(directory)) return;
  throw problem({
    code: 'not_installed',
    what: 'node_modules is missing',
    fix: installCommand(directory),
    exitCode: exitCode.unavailable,
  });
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

function vitestPlaces(directory: string, words: Words): readonly string[] {
  if (isWritable(directory)) return [];
  const measures = words.some((word) => word.startsWith('--coverage'));
  return [...configLoader(directory), ...(measures ? [`--coverage.reportsDirectory=${coverage}`] : [])];
}

/** vite writes what it makes of its configuration beside it. */
function configLoader(directory: string): readonly string[] {
  if (globSync('{vite,vitest}.config.*', {cwd: directory}).length === 0) return [];
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

interface JestOptions {
  readonly cwd: string;
  readonly jest: string;
  /** Below which its files are; undefined: where its configuration says. */
  readonly suite?: string;
  readonly rest: Words;
}

// jest writes JUnit only with the package jest-junit, which takes the file's name from the environment.
function jestCommand({cwd, jest, suite, rest}: JestOptions, reports: Reports | undefined): Command {
  const readOnly = !isWritable(cwd);
  const words = [
    jest,
    ...(suite === undefined ? [] : ['--rootDir', suite]),
    ...(readOnly ? ['--cacheDirectory=/tmp/jest'] : []),
  ];
  if (reports === undefined)
    return {words: [...words, ...(readOnly ? [`--coverageDirectory=${coverage}`] : []), ...rest]};
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
