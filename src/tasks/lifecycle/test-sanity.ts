import {addressOf} from '../../deploy/hosts/address.ts';
import {requireDeployed} from '../../deploy/hosts/state.ts';
import {survey} from '../../deploy/hosts/survey.ts';
import {readTarget} from '../../deploy/target.ts';
import {option} from '../../option.ts';
import {type Context, task} from '../../task.ts';
import {reportOptions, runTests} from './suite.ts';

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
    const address = url ?? (await deployedAddress(context, environment));
    await runTests(context, 'test/sanity', {output, env: {BASE_URL: address}});
  },
);

/** Where the first balancer answers. */
async function deployedAddress(context: Context, environment: string): Promise<string> {
  const target = await readTarget(context, environment);
  const {found, siteOf} = await survey(context, target);
  requireDeployed(found, target);
  const first = found.find(({machine}) => machine.balancer);
  return first === undefined ? '' : addressOf(target, siteOf(first.machine.host));
}
