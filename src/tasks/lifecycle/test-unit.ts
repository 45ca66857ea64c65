import {task} from '../../task.ts';
import {reportOptions, runTests} from '../suite.ts';

/** Words after `--` go to the test runner. */
export const testUnit = task('Run the unit tests (test/unit)', reportOptions, async (context, {output}) => {
  await runTests(context, 'test/unit', {output});
});
