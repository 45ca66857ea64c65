import type {Host} from '../../../service/hosts.ts';
import {batchesOf, type Target} from '../../target.ts';
import type {BalancerState, SlotUse} from '../balancer/state.ts';
import {slotsOn, statesFor, type View} from '../fleet.ts';
import type {Found} from '../state.ts';
import {stopStep} from './steps/replicas.ts';
import type {Round, Step} from './steps/step.ts';
import {healthStep, switchStep, withHealth} from './steps/traffic.ts';

/** What takes the settings of what serves. */
export interface Change {
  readonly release: number;
  readonly previous: number;
  /** Where it is going to answer on each app host. */
  readonly slots: (app: Found) => readonly SlotUse[];
  /** What brings its containers up there; undefined where they serve already, as a canary. */
  readonly start?: ((app: Found, slots: readonly SlotUse[]) => Step) | undefined;
}

/**
 * Batch by batch: start, await health through the balancers, switch, drain, stop. All balancers move before the first
 * old container stops; with the last batch goes whatever else they still have: hosts that leave or were left out.
 */
export function moveRounds(
  target: Target,
  view: View,
  {release, previous, slots, start}: Change,
  size: number,
): Round[] {
  const held = new Map<Host, BalancerState>(view.balancers.map(({found, before}) => [found.machine.host, before]));
  const hostOf = (slot: SlotUse, own: Found): Host =>
    view.apart ? (view.apps.find(({machine}) => machine.key === slot.host)?.machine.host ?? '') : own.machine.host;
  const batches = batchesOf(view.apps, size);
  return batches.flatMap((batch, index): Round[] => {
    const last = index === batches.length - 1;
    const starts = start === undefined ? [] : batch.map((app) => start(app, slots(app)));
    const concerned = view.apart
      ? view.balancers
      : batch.flatMap((app) => view.balancers.filter(({found}) => found === app));
    const fresh = (own: Found): SlotUse[] => (view.apart ? batch : [own]).flatMap(slots);
    // What serves already has passed its check, and must not be taken out for another one.
    const health =
      start === undefined
        ? []
        : concerned.map(({found}) => healthStep(target, found, release, fresh(found), (slot) => hostOf(slot, found)));
    // A host has one step of a round: one that starts containers itself waits for them afterwards.
    const isBusy = ({host}: Step): boolean => starts.some((step) => step.host === host);
    const switches = concerned.map(({found}) => {
      const before = held.get(found.machine.host) as BalancerState;
      const keys = new Set(batch.map(({machine}) => machine.key));
      const old = before.slots.filter((slot) => (last && view.apart ? !isNew(slot) : keys.has(slot.host)));
      const {canary: _, ...rest} = before;
      const next: BalancerState = {
        ...rest,
        release,
        previous,
        slots: [...before.slots.filter((slot) => !old.includes(slot)), ...fresh(found)],
      };
      held.set(found.machine.host, next);
      return switchStep(target, {
        found,
        before,
        next,
        to: fresh(found),
        from: old,
        stop: view.apart ? [] : old.map(({container}) => container),
      });
    });
    const leaving = last && view.apart ? view.leaving : [];
    const stops = view.apart ? [...batch, ...leaving].flatMap((app) => stopOn(app)) : [];
    const risen =
      view.apart || start === undefined
        ? [[...starts, ...health.filter((step) => !isBusy(step))], health.filter(isBusy)]
        : [starts.map((step, at) => withHealth(step, health[at] as Step))];
    return [...risen, switches, stops].filter((round) => round.length > 0);
  });

  function isNew({container}: SlotUse): boolean {
    return view.apps.some((app) => slots(app).some((slot) => slot.container === container));
  }

  function stopOn(app: Found): Step[] {
    const there = new Set(app.state.containers.map(({name}) => name));
    const names = [
      ...new Set(
        statesFor(view, app)
          .flatMap((state) => slotsOn(state.slots, app))
          .filter((slot) => !isNew(slot))
          .map(({container}) => container),
      ),
    ];
    const stop = names.filter((name) => there.has(name));
    return stop.length === 0 ? [] : [stopStep(target, app.machine.host, stop)];
  }
}
