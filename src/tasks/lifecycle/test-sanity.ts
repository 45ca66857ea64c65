import {addressOf, readTarget} from '../../deploy/index.ts';
import {option} from '../../option.ts';
import {reportOptions, runTests} from '../../runtimes/node/tests.ts';
import {type Context, task} from '../../task.ts';

/** The tests get the address as BASE_URL. They must only read: this runs against what users use. */
export const testSanity = task(
  'Run the read-only checks (test/sanity) against a deployed service',
  {
    environment: option.string('local', 'where: a name below `environments` in deploy.yaml', {positional: true}),
    url: option.string(undefined, 'address of the service; default: where the environment answers', {
      env: ['BASE_URL'],
    }),
    ...reportOptions,
  },
  async (context, {environment, url, output}) => {
    await runTests(context, 'test/sanity', output, {BASE_URL: url ?? (await deployedAddress(context, environment))});
  },
);

async function deployedAddress(context: Context, environment: string): Promise<string> {
  return addressOf(context, await readTarget(context, environment));
}
