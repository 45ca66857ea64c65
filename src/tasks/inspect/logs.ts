import {option} from '../../option.ts';
import {task} from '../../task.ts';
import {environmentOption} from '../environment.ts';

export const logs = task(
  'Show the log of every replica',
  {
    environment: environmentOption,
    follow: option.boolean('follow new output'),
    tail: option.number('number of earlier lines to show for each replica', {default: 100, valueName: 'LINES'}),
  },
  async (context, {environment, follow, tail}) => {
    const {printLogs, readTarget} = await import('../../deploy/index.ts');
    await printLogs(context, await readTarget(context, environment), {follow, tail});
  },
);
