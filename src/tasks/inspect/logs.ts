import {option} from '../../option.ts';
import {task} from '../../task.ts';
import {environmentOption} from '../environment.ts';

export const logs = task(
  'Show the log of every replica, merged in time',
  {
    environment: environmentOption,
    follow: option.boolean('follow new output, also after a lost connection'),
    tail: option.number('number of earlier lines to show for each replica', {
      defaultText: '100, with --since all',
      valueName: 'LINES',
    }),
    since: option.string('show lines from this time on: 10m, 1d, 2026-11-29T09:30:00Z', {valueName: 'TIME'}),
    level: option.choice('show lines of this level and above: trace, debug, info, warn, error or fatal', {
      choices: ['trace', 'debug', 'info', 'warn', 'error', 'fatal'],
      valueName: 'LEVEL',
    }),
    request: option.string('show lines with this request id or trace id', {valueName: 'ID'}),
    where: option.list("show lines whose fields meet this condition: 'status>=500', err.type=Timeout", {
      valueName: 'CONDITION',
    }),
    raw: option.boolean('print the lines as they are, without their replica'),
  },
  async (context, {environment, tail, ...how}) => {
    const {printLogs, readTarget} = await import('../../deploy/index.ts');
    const target = await readTarget(context, environment);
    await printLogs(context, target, {tail: tail ?? (how.since === undefined ? 100 : undefined), ...how});
  },
);
