import {status as statusHosts, statusText} from '../../deploy/hosts/operations/status.ts';
import {readTarget} from '../../deploy/target.ts';
import {task} from '../../task.ts';
import {environmentOption} from '../environment.ts';

export const status = task(
  'Show which release runs where and serves',
  {
    environment: environmentOption,
  },
  async (context, {environment}) => {
    const found = await statusHosts(context, await readTarget(context, environment));
    context.say(statusText(found));
    return found;
  },
);
