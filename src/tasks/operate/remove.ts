import {readTarget, remove as removeFrom} from '../../deploy/index.ts';
import {option} from '../../option.ts';
import {task} from '../../task.ts';

export const remove = task(
  'Take away all that deploys made in an environment',
  {
    environment: option.string('local', 'where: a name below `environments` in deploy.yaml', {positional: true}),
    volumes: option.boolean(false, 'the data of the backing services as well'),
  },
  async (context, {environment, volumes}) => {
    const target = await readTarget(context, environment);
    const removed = await removeFrom(context, target, {volumes});
    context.say(
      `removed ${removed.containers.length} containers and ${removed.volumes.length} volumes of ${target.service.name} in ${environment}`,
    );
    return removed;
  },
);
