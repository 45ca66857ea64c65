import {maintenance as setMaintenance, readTarget} from '../../deploy/index.ts';
import {usageProblem} from '../../errors.ts';
import {option} from '../../option.ts';
import {task} from '../../task.ts';

export const maintenance = task(
  'Answer every request with a maintenance page, or no longer',
  {
    environment: option.string('local', 'where: a name below `environments` in deploy.yaml', {positional: true}),
    state: option.string(undefined, '`on` or `off`', {positional: true}),
  },
  async (context, {environment, state}) => {
    if (state !== 'on' && state !== 'off')
      throw usageProblem('maintenance is switched on or off', `entrypoint maintenance ${environment} on`);
    const target = await readTarget(context, environment);
    await setMaintenance(context, target, state === 'on');
    context.say(
      `${target.service.name} in ${environment}: ${state === 'on' ? 'every request gets the maintenance page' : 'serves again'}`,
    );
    return {service: target.service.name, environment, maintenance: state === 'on'};
  },
);
