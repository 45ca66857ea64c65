import {option} from '../../option.ts';
import {task} from '../../task.ts';
import {reportOptions} from '../suite.ts';

/**
 * Starts the built image and its backing services on a network of its own, and runs the tests from the same image.
 * Removes everything afterwards, even after a failure or Ctrl-C.
 */
export const testIntegration = task(
  'Run the integration tests (test/integration) of the built image',
  {
    image: option.string('image to test', {
      defaultText: 'the image built from this commit',
      valueName: 'IMAGE',
    }),
    start: option.boolean('start the service and its backing services; --no-start if they already run', {
      default: true,
    }),
    waitFor: option.string('URL that must answer 200 before the tests begin; only with --no-start', {valueName: 'URL'}),
    waitCheck: option.string('health check that the service at this URL must pass, as JSON; only with --no-start', {
      defaultText: 'status 200',
      valueName: 'JSON',
    }),
    waitSeconds: option.number('seconds to wait for the URL of --wait-for', {default: 60, valueName: 'SECONDS'}),
    ...reportOptions,
  },
  async (context, values) => (await import('../work/test-integration.ts')).testImage(context, values),
);
