import {reportOptions, runTests} from '../config/test-suite.ts';
import {readTarget, sceneOf} from '../engines/hosts/deployment.ts';
import {sitesOf} from '../engines/hosts/sites.ts';
import {readScene, requireBalancer} from '../engines/hosts/state.ts';
import {addressOf} from '../engines/hosts/traffic.ts';
import {option} from '../option.ts';
import {task} from '../task.ts';
import type {Context} from '../task.ts';

/** The tests get the address as BASE_URL. They must only read: this runs against what users use. */
export const testSanity = task('Run the read-only checks (test/sanity) against a deployed service', {
  environment: option.string('local', 'where: a name below `environments` in deploy.yaml', {positional: true}),
  url: option.string(undefined, 'address of the service; default: where the environment answers', {env: ['BASE_URL']}),
  ...reportOptions,
}, async (context, {environment, url, output}) => {
  await runTests(context, 'test/sanity', output, {BASE_URL: url ?? await deployedAddress(context, environment)});
});

/** Where the first host answers. */
async function deployedAddress(context: Context, environment: string): Promise<string> {
  const target = await readTarget(context, environment);
  const [first] = sitesOf(context, target);
  if (first === undefined) return '';
  const scene = sceneOf(target);
  requireBalancer(await readScene(first.context.run, scene), target);
  return addressOf(first.context.run, scene, first.host);
}
