import {join} from 'node:path';
import type {Command} from '../shell/argv.ts';
import type {Context} from '../task.ts';
import {node} from './node/index.ts';
import {python} from './python/index.ts';
import type {Runtime, ServiceContext} from './runtime.ts';

export {isPythonManifest, requirementFiles} from './python/index.ts';
export type {ServiceManifest, Reports, Runtime, ServiceContext, WorkspacePackage} from './runtime.ts';

/** Every language a service can be written in, the one that wins first: a package.json makes it Node's. */
export const runtimes: readonly Runtime[] = [node, python];

/**
 * The runtime of the service in `directory`; Node if none matches.
 * @example
 * const {name, dockerfile} = runtimeOf(context.cwd);
 * context.say(`${name}: ${dockerfile(context.cwd)}`); // node: FROM entrypoint/node-service:26
 */
export function runtimeOf(directory: string): Runtime {
  return runtimes.find(({matches}) => matches(directory)) ?? node;
}

/** The name in the first manifest of the directory that has one, as it is spelled there. */
export function manifestName(directory: string): string | undefined {
  for (const {manifest} of runtimes) {
    const {name} = manifest(directory);
    if (name !== undefined) return name;
  }
  return undefined;
}

/** What a test run writes besides its output. */
export interface TestOptions {
  /** Directory for reports, relative to the service's; each file is named after the suite. Default: no reports. */
  readonly output?: string | undefined;
}

/**
 * The command that runs the tests below `suite`: pytest for Python; for Node the service's own vitest or jest, else
 * `node --test`. `context.rest` goes to the test runner. With `output` it writes reports:
 * `reports/test_unit.junit.xml` and `reports/test_unit.lcov` for `test/unit` and `reports`.
 * @throws Problem `no_tests` or `no_pytest` (exit code 69): a missing suite must not pass
 * @example
 * export const testLoad = task('Run the load tests', {}, async (context) => {
 *   await context.run(testCommand(context, 'test/load', {output: 'reports'}));
 * });
 */
export function testCommand(
  context: ServiceContext & Pick<Context, 'rest'>,
  suite: string,
  {output}: TestOptions = {},
): Command {
  const name = suite.replaceAll('/', '_');
  const reports =
    output === undefined
      ? undefined
      : {junit: join(output, `${name}.junit.xml`), coverage: join(output, `${name}.lcov`)};
  return runtimeOf(context.cwd).tests(context, suite, reports);
}
