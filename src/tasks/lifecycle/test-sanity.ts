import {option} from '../../option.ts';
import {type Context, task} from '../../task.ts';
import {environmentOption} from '../environment.ts';
import {reportOptions, runTests} from '../suite.ts';

/** The tests get the address as BASE_URL. They must be read-only: they run against the service that users use. */
export const testSanity = task(
  'Run the read-only checks (test/sanity) against a deployed service',
  {
    environment: environmentOption,
    url: option.string('address of the service', {
      defaultText: 'the address of the environment',
      env: ['BASE_URL'],
      valueName: 'URL',
    }),
    ...reportOptions,
  },
  async (context, {environment, url, output}) => {
    const address = url ?? (await deployedAddress(context, environment));
    await runTests(context, 'test/sanity', {output, env: {BASE_URL: address}});
  },
);

/** The address of the first balancer. */
async function deployedAddress(context: Context, environment: string): Promise<string> {
  const {addressOf, readTarget} = await import('../../deploy/index.ts');
  return addressOf(context, await readTarget(context, environment));
}
