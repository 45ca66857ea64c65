import {placeOf, readService} from '../config/service.ts';
import {requireEngine} from '../docker-client.ts';
import {imageToDeploy} from '../engines/image.ts';
import {apply} from '../engines/hosts/apply.ts';
import type {Deployed} from '../engines/hosts/deployment.ts';
import {option} from '../option.ts';
import {task} from '../task.ts';

export const deploy = task('Bring an image up beside the old one and move the traffic to it', {
  environment: option.string('local', 'where to: a name below `environments` in deploy.yaml', {positional: true}),
  image: option.string(undefined, 'image to deploy, by name or digest; default: the stage\'s, or the one built of this commit'),
  stage: option.string(undefined, 'deploy what this stage stands for in the registry; default: `stage` in deploy.yaml'),
}, async (context, {environment, image: wanted, stage}): Promise<Deployed> => {
  const service = await readService(context);
  const place = placeOf(service, environment);
  await requireEngine(context.run);
  const {reference: image, commit} = await imageToDeploy(context, service, place, {image: wanted, stage});
  const deployed = await apply(context, {service, environment, place, image, commit});
  if (deployed.address !== '') context.say(`${service.name} release ${deployed.release} serves at ${deployed.address}  ${image}`);
  return deployed;
});
