import {readTarget, status as readStatus, statusText} from '../../deploy/index.ts';
import {option} from '../../option.ts';
import {task} from '../../task.ts';

export const status = task(
  'Tell what runs where, and which release serves',
  {
    environment: option.string('local', 'where: a name below `environments` in deploy.yaml', {positional: true}),
  },
  async (context, {environment}) => {
    const found = await readStatus(context, await readTarget(context, environment));
    context.say(statusText(found));
    return found;
  },
);
