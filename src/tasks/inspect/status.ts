import {readStatus, readTarget, statusText} from '../../deploy/index.ts';
import {task} from '../../task.ts';
import {environmentOption} from '../environment.ts';

export const status = task(
  'Show which release runs on each host and which one serves',
  {
    environment: environmentOption,
  },
  async (context, {environment}) => {
    const found = await readStatus(context, await readTarget(context, environment));
    context.say(statusText(found));
    return found;
  },
);
