import {imageToDeploy} from '../engines/image.ts';
import {apply} from '../engines/hosts/apply.ts';
import {readTarget} from '../engines/hosts/deployment.ts';
import type {Deployed} from '../engines/hosts/deployment.ts';
import {option} from '../option.ts';
import {task} from '../task.ts';

export const deploy = task('Bring an image up beside the old one and move the traffic to it', {
  environment: option.string('local', 'where to: a name below `environments` in deploy.yaml', {positional: true}),
  image: option.string(undefined, 'image to deploy, by name or digest; default: the stage\'s, or the one built of this commit'),
  stage: option.string(undefined, 'deploy what this stage stands for in the registry; default: `stage` in deploy.yaml'),
}, async (context, {environment, image: wanted, stage}): Promise<Deployed> => {
  const target = await readTarget(context, environment);
  const {reference: image, commit} = await imageToDeploy(context, target.service, target.place, {image: wanted, stage});
  const deployed = await apply(context, {...target, image, commit});
  if (deployed.address !== '') context.say(`${target.service.name} release ${deployed.release} serves at ${deployed.addresses.join(', ')}  ${image}`);
  return deployed;
});
