import {logs as printLogs, readTarget} from '../../deploy/index.ts';
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
    await printLogs(context, await readTarget(context, environment), {follow, tail});
  },
);
