import {option} from '../option.ts';
import type {TestOptions} from '../runtimes/index.ts';
import type {Context} from '../task.ts';

/**
 * The options of every task that runs a suite.
 * @example
 * export const testLoad = task('Run the load tests', reportOptions, async (context, {output}) => {
 *   await runTests(context, 'test/load', {output});
 * });
 */
export const reportOptions = {
  output: option.string('directory for reports: JUnit and coverage', {valueName: 'DIR'}),
};

/** How {@link runTests} runs a suite. */
export interface SuiteOptions extends TestOptions {
  /** Variables added to the environment of the tests. Default: none. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/**
 * Runs the tests below `suite`, and creates the report directory. `context.rest` goes to the test runner.
 * @throws Problem `no_tests` or `no_pytest` (exit code 69): a missing suite must not pass; `command_failed`
 * @example
 * await runTests(context, 'test/load', {env: {BASE_URL: 'http://127.0.0.1:3000'}});
 */
export async function runTests(context: Context, suite: string, {output, env}: SuiteOptions = {}): Promise<void> {
  const {testCommand} = await import('../runtimes/index.ts');
  const command = testCommand(context, suite, {output});
  if (output !== undefined) await context.run(['mkdir', '-p', output], {capture: true});
  await context.run({...command, env: {...command.env, ...env}});
}
