import type {LogCheck} from '../../deploy/index.ts';
import {option} from '../../option.ts';
import {task} from '../../task.ts';
import {environmentOption} from '../environment.ts';

/** Tests the log driver on every host; on request, counts what arrives. */
export const logsCheck = task(
  'Test the log driver of an environment on each host',
  {
    environment: environmentOption,
    measure: option.boolean('send a numbered stream through it, and count what blocks, is dropped and arrives'),
    lines: option.number('lines of the stream', {default: 20_000, valueName: 'LINES'}),
  },
  async (context, {environment, measure, lines}): Promise<LogCheck> => {
    const {checkLogDriver, logCheckText, readTarget, requireLogStarts} = await import('../../deploy/index.ts');
    const result = await checkLogDriver(context, await readTarget(context, environment), {measure, lines});
    context.say(logCheckText(result));
    requireLogStarts(result);
    return result;
  },
);
