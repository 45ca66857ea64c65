import {task} from '../../task.ts';
import {environmentOption} from '../environment.ts';

export const history = task(
  'Show past deploys: what, when, by whom, outcome',
  {
    environment: environmentOption,
  },
  async (context, {environment}) => {
    const {historyText, readHistory, readTarget} = await import('../../deploy/index.ts');
    const target = await readTarget(context, environment);
    const found = await readHistory(context, target);
    context.say(historyText(found, target), ({columns}) => historyText(found, target, columns));
    return found;
  },
);
