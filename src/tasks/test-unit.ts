import {testWords} from '../config/tooling.ts';
import {task} from '../task.ts';

/** Words after `--` go to the test runner. */
export const testUnit = task('Run the unit tests (test/unit)', {}, async (context) => {
  await context.run(testWords(context, 'test/unit'));
});
