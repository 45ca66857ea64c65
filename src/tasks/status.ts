import {placeOf, readService} from '../config/service.ts';
import {requireEngine} from '../docker-client.ts';
import {status as statusHosts, statusText} from '../engines/hosts/status.ts';
import {option} from '../option.ts';
import {task} from '../task.ts';

export const status = task('Tell what runs where, and which release serves', {
  environment: option.string('local', 'where: a name below `environments` in deploy.yaml', {positional: true}),
}, async (context, {environment}) => {
  const service = await readService(context);
  const place = placeOf(service, environment);
  await requireEngine(context.run);
  const found = await statusHosts(context, {service, environment, place});
  context.say(statusText(found));
  return found;
});
