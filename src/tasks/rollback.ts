import {readTarget} from '../engines/hosts/deployment.ts';
import type {Deployed} from '../engines/hosts/deployment.ts';
import {rollback as rollbackHosts} from '../engines/hosts/rollback.ts';
import {option} from '../option.ts';
import {task} from '../task.ts';

export const rollback = task('Move the traffic back to the previous release', {
  environment: option.string('local', 'where: a name below `environments` in deploy.yaml', {positional: true}),
}, async (context, {environment}): Promise<Deployed> => {
  const target = await readTarget(context, environment);
  const deployed = await rollbackHosts(context, target);
  if (deployed.address !== '') context.say(`${target.service.name} release ${deployed.release} serves again at ${deployed.addresses.join(', ')}  ${deployed.image}`);
  return deployed;
});
