import {reportOptions, runTests} from '../../runtimes/node/tests.ts';
import {task} from '../../task.ts';

/** Words after `--` go to the test runner. */
export const testUnit = task('Run the unit tests (test/unit)', reportOptions, async (context, {output}) => {
  await runTests(context, 'test/unit', output);
});
