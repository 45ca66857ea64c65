import {history as historyHosts, historyText} from '../../deploy/hosts/operations/history.ts';
import {machinesOf, readTarget} from '../../deploy/target.ts';
import {task} from '../../task.ts';
import {environmentOption} from '../environment.ts';

export const history = task(
  'Show past deploys: what, when, by whom, outcome',
  {
    environment: environmentOption,
  },
  async (context, {environment}) => {
    const target = await readTarget(context, environment);
    const found = await historyHosts(context, target);
    context.say(historyText(found, machinesOf(target.settings).length));
    return found;
  },
);
