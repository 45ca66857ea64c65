import {balancerCounts, balancerShow} from '../../../commands/lb.ts';
import {wordsText} from '../../../shell/argv.ts';
import {stackName} from '../../../stack/names.ts';
import {stackOf, type Target} from '../../target.ts';
import {serversOf} from '../balancer/state.ts';
import type {Fleet} from '../fleet.ts';
import {balancerOf, type SurveyedHost} from '../state.ts';
import type {ReleaseComparison} from './plan.ts';
import type {Rollout} from './rollout.ts';

/** Separates the counts from the states of the servers. */
export const showMark = '@@';

/** Which servers of which balancers to compare, and for how long; undefined for 0 s. */
export function comparisonOf(
  target: Target,
  {balancers, dedicated, apps}: Fleet,
  seconds: number,
  {slots}: Pick<Rollout, 'slots'>,
): ReleaseComparison | undefined {
  if (seconds === 0) return undefined;
  const name = stackName(stackOf(target));
  const behind = (balancer: SurveyedHost): readonly SurveyedHost[] => (dedicated ? apps : [balancer]);
  return {
    seconds,
    balancers: balancers.map(({surveyed}) => ({
      host: surveyed.machine.host,
      // Both in one round trip.
      command: [
        'sh',
        '-c',
        `${wordsText(balancerCounts(balancerOf(target), name))}; echo ${showMark}; ${wordsText(balancerShow(balancerOf(target), name))}`,
      ],
      replicas: behind(surveyed).flatMap((app) =>
        slots(app).map((slot) => ({
          host: app.machine.host,
          container: slot.container,
          pattern: serversOf(name, [slot])[0],
        })),
      ),
    })),
    fresh: [
      ...new Set(
        balancers.flatMap(({surveyed}) =>
          serversOf(
            name,
            behind(surveyed).flatMap((app) => slots(app)),
          ),
        ),
      ),
    ],
    old: [...new Set(balancers.flatMap(({before}) => serversOf(name, before.slots)))],
  };
}
