import {history as readHistory, historyText, readTarget} from '../../deploy/index.ts';
import {option} from '../../option.ts';
import {task} from '../../task.ts';

export const history = task(
  'Tell what was deployed when, by whom, and how it ended',
  {
    environment: option.string('local', 'where: a name below `environments` in deploy.yaml', {positional: true}),
  },
  async (context, {environment}) => {
    const target = await readTarget(context, environment);
    const found = await readHistory(context, target);
    context.say(historyText(found, target));
    return found;
  },
);
