import {task} from '../../task.ts';
import {environmentOption} from '../environment.ts';

export const status = task(
  'Show which release runs on each host and which one serves',
  {
    environment: environmentOption,
  },
  async (context, {environment}) => {
    const {readStatus, readTarget, statusText} = await import('../../deploy/index.ts');
    const target = await readTarget(context, environment);
    const found = await readStatus(context, target);
    context.say(statusText(found), ({columns}) => statusText(found, columns));
    const {formerNameNote} = await import('../../service/service.ts');
    const note = found.release === 0 ? formerNameNote(target.service) : undefined;
    if (note !== undefined) context.note(note);
    return found;
  },
);
