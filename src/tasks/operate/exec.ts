import {usageProblem} from '../../errors.ts';
import {option} from '../../option.ts';
import {task} from '../../task.ts';
import {environmentOption} from '../environment.ts';

export const exec = task(
  'Run a command in a serving replica',
  {
    environment: environmentOption,
    all: option.boolean('run it in every replica on every host, in parallel; it gets no standard input'),
    host: option.string('run it in a replica on this host', {defaultText: 'the first host', valueName: 'HOST'}),
    terminal: option.boolean('allocate a terminal, as `exec prod --terminal -- sh` needs'),
    root: option.boolean('run it as root, not as the user of the service'),
  },
  async (context, {environment, ...how}) => {
    if (context.rest.length === 0)
      throw usageProblem('exec needs a command', `entrypoint exec ${environment} -- WORDS`);
    const {execInReplica, readTarget} = await import('../../deploy/index.ts');
    await execInReplica(context, await readTarget(context, environment), how);
  },
);
