import {balancerCounts, balancerShow} from '../../../commands/lb.ts';
import {wordsText} from '../../../shell/argv.ts';
import {stackName} from '../../../stack/names.ts';
import {stackOf, type Target} from '../../target.ts';
import {serversOf} from '../balancer/state.ts';
import type {View} from '../fleet.ts';
import {balancerOf} from '../state.ts';
import type {Change} from './moves.ts';
import type {Watch} from './plan.ts';

/** Stands between the counts and the states of the servers. */
export const showMark = '@@';

/** Which servers of which balancers are compared, and for how long; undefined where there is no watch. */
export function watchOf(
  target: Target,
  {balancers, apart, apps}: View,
  seconds: number,
  {slots}: Pick<Change, 'slots'>,
): Watch | undefined {
  if (seconds === 0) return undefined;
  const name = stackName(stackOf(target));
  const all = (found: (typeof apps)[number]): string[] => serversOf(name, (apart ? apps : [found]).flatMap(slots));
  return {
    seconds,
    balancers: balancers.map(({found}) => ({
      host: found.machine.host,
      // Both in one round trip.
      command: [
        'sh',
        '-c',
        `${wordsText(balancerCounts(balancerOf(target), name))}; echo ${showMark}; ${wordsText(balancerShow(balancerOf(target), name))}`,
      ],
      replicas: (apart ? apps : [found]).flatMap((app) =>
        slots(app).map((slot) => ({
          host: app.machine.host,
          container: slot.container,
          sign: serversOf(name, [slot])[0],
        })),
      ),
    })),
    fresh: [...new Set(balancers.flatMap(({found}) => all(found)))],
    old: [...new Set(balancers.flatMap(({before}) => serversOf(name, before.slots)))],
  };
}
