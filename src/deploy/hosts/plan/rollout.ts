import type {Host} from '../../../service/hosts.ts';
import type {Target} from '../../target.ts';
import type {BalancerState, SlotUse} from '../balancer/state.ts';
import type {Fleet} from '../fleet.ts';
import type {SurveyedHost} from '../state.ts';
import {batchesOf} from './batches.ts';
import type {Round, Step} from './steps/step.ts';
import {healthStep, switchStep, withHealth, withHealthCommand} from './steps/traffic.ts';

/** The release that replaces the one that serves. */
export interface Rollout {
  readonly release: number;
  readonly previous: number;
  /** No replica of `previous` works. Default false. */
  readonly isDown?: boolean | undefined;
  /** Its slots on each app host. */
  readonly slots: (app: SurveyedHost) => readonly SlotUse[];
  /** Starts its containers on an app host; undefined if they already run, as those of a canary do. */
  readonly start?: ((app: SurveyedHost, slots: readonly SlotUse[]) => Step) | undefined;
}

/**
 * Batch by batch: start, await health through the balancers, switch, drain. The last batch includes the old servers of
 * hosts that leave or were skipped. The old containers stop in the finish.
 * @param size hosts in a batch
 */
export function rolloutRounds(
  target: Target,
  fleet: Fleet,
  {release, previous, isDown, slots, start}: Rollout,
  size: number,
): Round[] {
  const held = new Map<Host, BalancerState>(
    fleet.balancers.map(({surveyed, before}) => [surveyed.machine.host, before]),
  );
  const hostOf = (slot: SlotUse, own: SurveyedHost): Host =>
    fleet.dedicated
      ? (fleet.apps.find(({machine}) => machine.key === slot.host)?.machine.host ?? '')
      : own.machine.host;
  const batches = batchesOf(fleet.apps, size);
  return batches.flatMap((batch, index): Round[] => {
    const last = index === batches.length - 1;
    const starts =
      start === undefined
        ? []
        : batch.map((app) =>
            withHealthCommand(target, start(app, slots(app)), {release, previous, isDown}, slots(app), fleet.health),
          );
    const concerned = fleet.dedicated
      ? fleet.balancers
      : batch.flatMap((app) => fleet.balancers.filter(({surveyed}) => surveyed === app));
    const fresh = (own: SurveyedHost): SlotUse[] => (fleet.dedicated ? batch : [own]).flatMap((app) => slots(app));
    // A release that serves has passed its check: a failure of another one must not disable it.
    const health =
      start === undefined
        ? []
        : concerned.map(({surveyed}) =>
            healthStep(
              target,
              surveyed,
              {release, previous, isDown},
              fresh(surveyed),
              (slot) => hostOf(slot, surveyed),
              fleet.health,
            ),
          );
    // A round has one step per host: a balancer's host that also starts containers awaits them in the next round.
    const isBusy = ({host}: Step): boolean => starts.some((step) => step.host === host);
    const switches = concerned.map(({surveyed}) => {
      const before = held.get(surveyed.machine.host) as BalancerState;
      const keys = new Set(batch.map(({machine}) => machine.key));
      const old = before.slots.filter((slot) => (last && fleet.dedicated ? !isNew(slot) : keys.has(slot.host)));
      const {canary: _, ...rest} = before;
      const next: BalancerState = {
        ...rest,
        release,
        previous,
        slots: [...before.slots.filter((slot) => !old.includes(slot)), ...fresh(surveyed)],
      };
      held.set(surveyed.machine.host, next);
      return switchStep(target, {
        surveyed,
        before,
        next,
        to: fresh(surveyed),
        from: old,
        isDown,
      });
    });
    const risen =
      fleet.dedicated || start === undefined
        ? [[...starts, ...health.filter((step) => !isBusy(step))], health.filter(isBusy)]
        : [starts.map((step, at) => withHealth(step, health[at] as Step))];
    return [...risen, switches].filter((round) => round.length > 0);
  });

  function isNew({container}: SlotUse): boolean {
    return fleet.apps.some((app) => slots(app).some((slot) => slot.container === container));
  }
}
