import {placeOf, readService} from '../config/service.ts';
import {testWords} from '../config/tooling.ts';
import {requireEngine} from '../docker-client.ts';
import {requireBalancer} from '../engines/hosts/rollback.ts';
import {readScene} from '../engines/hosts/state.ts';
import {addressOf} from '../engines/hosts/traffic.ts';
import {option} from '../option.ts';
import {task} from '../task.ts';
import type {Context} from '../task.ts';

/** The tests get the address as BASE_URL. They must only read: this runs against what users use. */
export const testSanity = task('Run the read-only checks (test/sanity) against a deployed service', {
  environment: option.string('local', 'where: a name below `environments` in deploy.yaml', {positional: true}),
  url: option.string(undefined, 'address of the service; default: where the environment answers', {env: ['BASE_URL']}),
}, async (context, {environment, url}) => {
  const words = testWords(context, 'test/sanity');
  await context.run({words, env: {BASE_URL: url ?? await deployedAddress(context, environment)}});
});

async function deployedAddress(context: Context, environment: string): Promise<string> {
  const service = await readService(context);
  const place = placeOf(service, environment);
  await requireEngine(context.run);
  const scene = {service: service.name, environment};
  requireBalancer(await readScene(context.run, scene), {service, environment, place});
  return addressOf(context.run, scene);
}
