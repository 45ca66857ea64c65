import {option} from '../../option.ts';
import {testCommand, type TestOptions} from '../../runtimes/index.ts';
import type {Context} from '../../task.ts';

/** Option of every task that runs a suite. */
export const reportOptions = {
  output: option.string('directory for reports: JUnit and coverage', {valueName: 'DIR'}),
};

/** Runs the tests below `suite` with `env` besides the task's own environment, and creates the report directory. */
export async function runTests(
  context: Context,
  suite: string,
  {output, env}: TestOptions & {readonly env?: Readonly<Record<string, string>>},
): Promise<void> {
  const command = testCommand(context, suite, {output});
  if (output !== undefined) await context.run(['mkdir', '-p', output], {capture: true});
  await context.run({...command, env: {...command.env, ...env}});
}
