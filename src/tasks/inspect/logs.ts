import {logs as logsHosts} from '../../deploy/hosts/operations/operate.ts';
import {readTarget} from '../../deploy/target.ts';
import {option} from '../../option.ts';
import {task} from '../../task.ts';

export const logs = task(
  'Show the log of every replica',
  {
    environment: option.string('local', 'where: a name below `environments` in deploy.yaml', {positional: true}),
    follow: option.boolean(false, 'go on with what comes'),
    tail: option.number(100, 'lines of each replica to begin with'),
  },
  async (context, {environment, follow, tail}) => {
    await logsHosts(context, await readTarget(context, environment), {follow, tail});
  },
);
