import type {Host} from '../../../service/hosts.ts';
import type {BalancerState} from '../balancer/state.ts';
import {type Fleet, statesFor} from '../fleet.ts';
import {appsOf, type Container, type SurveyedHost} from '../state.ts';

/** Container names. */
export interface Leftovers {
  readonly remove: readonly string[];
  /** Of the release that a rollback returns to: it is kept, stopped. */
  readonly stop: readonly string[];
}

export type LeftoversByHost = ReadonlyMap<Host, Leftovers>;

/** Running containers that no balancer uses, and those of no kept release: what a failed deploy left. */
export function leftoversOf({state}: SurveyedHost, states: readonly BalancerState[]): Leftovers {
  const used = new Set(
    states.flatMap(({slots, canary}) => [...slots, ...(canary?.slots ?? [])].map(({container}) => container)),
  );
  const newest = Math.max(0, ...states.flatMap(({release, previous}) => [release, previous]));
  const previous = new Set(states.map((one) => one.previous));
  const idle = appsOf(state).filter(({name}) => !used.has(name));
  const stray = (one: Container): boolean =>
    one.release > newest || one.state === 'created' || (one.state !== 'exited' && !previous.has(one.release));
  return {
    remove: [...idle.filter(stray), ...state.containers.filter(({role}) => role === 'task')].map(({name}) => name),
    stop: idle.filter((one) => !stray(one) && one.state !== 'exited').map(({name}) => name),
  };
}

/** The leftovers on each app machine. */
export function leftoversByHost(fleet: Fleet): LeftoversByHost {
  return new Map(
    [...fleet.apps, ...fleet.leaving].map((app) => [app.machine.host, leftoversOf(app, statesFor(fleet, app))]),
  );
}
