import type {BalancerState} from '../balancer/state.ts';
import {appsOf, type Container, type Found} from '../state.ts';

/**
 * Containers that no balancer sends anything to and that are no release to go back to: what a deploy left that died.
 * Those of the release to go back to are only stopped.
 */
export function leftoversOf(
  {state}: Found,
  states: readonly BalancerState[],
): {readonly remove: readonly string[]; readonly stop: readonly string[]} {
  const used = new Set(
    states.flatMap(({slots, canary}) => [...slots, ...(canary?.slots ?? [])].map(({container}) => container)),
  );
  const newest = Math.max(0, ...states.flatMap(({release, previous}) => [release, previous]));
  const back = new Set(states.map(({previous}) => previous));
  const idle = appsOf(state).filter(({name}) => !used.has(name));
  const stray = (one: Container): boolean =>
    one.release > newest || one.state === 'created' || (one.state !== 'exited' && !back.has(one.release));
  return {
    remove: [...idle.filter(stray), ...state.containers.filter(({role}) => role === 'task')].map(({name}) => name),
    stop: idle.filter((one) => !stray(one) && one.state !== 'exited').map(({name}) => name),
  };
}
