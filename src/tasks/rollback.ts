import {placeOf, readService} from '../config/service.ts';
import {requireEngine} from '../docker-client.ts';
import type {Deployed} from '../engines/hosts/deployment.ts';
import {rollback as rollbackHosts} from '../engines/hosts/rollback.ts';
import {option} from '../option.ts';
import {task} from '../task.ts';

export const rollback = task('Move the traffic back to the previous release', {
  environment: option.string('local', 'where: a name below `environments` in deploy.yaml', {positional: true}),
}, async (context, {environment}): Promise<Deployed> => {
  const service = await readService(context);
  const place = placeOf(service, environment);
  await requireEngine(context.run);
  const deployed = await rollbackHosts(context, {service, environment, place});
  if (deployed.address !== '') context.say(`${service.name} release ${deployed.release} serves again at ${deployed.address}  ${deployed.image}`);
  return deployed;
});
