import {option} from '../../option.ts';
import {task} from '../../task.ts';
import {environmentOption} from '../environment.ts';

export const maintenance = task(
  'Turn maintenance mode on or off',
  {
    environment: environmentOption,
    state: option.choice('on: maintenance page for all requests; off: serve again', {
      choices: ['on', 'off'],
      required: true,
      positional: true,
    }),
  },
  async (context, {environment, state}) => {
    const {readTarget, setMaintenance} = await import('../../deploy/index.ts');
    const target = await readTarget(context, environment);
    await setMaintenance(context, target, state === 'on');
    context.say(
      `${target.service.name} in ${environment}: ${state === 'on' ? 'every request gets the maintenance page' : 'serves again'}`,
    );
    return {service: target.service.name, environment, maintenance: state === 'on'};
  },
);
