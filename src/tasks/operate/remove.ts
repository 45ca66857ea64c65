import {option} from '../../option.ts';
import {task} from '../../task.ts';
import {environmentOption} from '../environment.ts';

export const remove = task(
  'Remove everything deployed to an environment',
  {
    environment: environmentOption,
    volumes: option.boolean('also remove the volumes with their data'),
  },
  async (context, {environment, volumes}) => {
    const {readTarget, removeDeployment} = await import('../../deploy/index.ts');
    const target = await readTarget(context, environment);
    const removed = await removeDeployment(context, target, {volumes});
    context.say(
      `removed ${removed.containers.length} containers and ${removed.volumes.length} volumes of ${target.service.name} in ${environment}`,
    );
    const {formerNameNote} = await import('../../service/service.ts');
    const note = removed.containers.length === 0 ? formerNameNote(target.service) : undefined;
    if (note !== undefined) context.note(note);
    return removed;
  },
);
