import {exec as execIn, readTarget} from '../../deploy/index.ts';
import {usageProblem} from '../../errors.ts';
import {option} from '../../option.ts';
import {task} from '../../task.ts';

export const exec = task(
  'Run a command in a replica that serves',
  {
    environment: option.string('local', 'where: a name below `environments` in deploy.yaml', {positional: true}),
    all: option.boolean(false, 'in every replica on every host, side by side'),
    host: option.string(undefined, 'on this host; default: the first'),
    terminal: option.boolean(false, 'with a terminal, for programs that ask: `exec prod --terminal -- sh`'),
  },
  async (context, {environment, ...how}) => {
    if (context.rest.length === 0)
      throw usageProblem('exec runs a command, and there is none', `entrypoint exec ${environment} -- WORDS`);
    await execIn(context, await readTarget(context, environment), how);
  },
);
