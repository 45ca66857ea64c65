import {problem} from '../../errors.ts';
import type {SlotUse} from '../balancer/state.ts';
import type {Entry} from './entry.ts';
import {sceneOf} from './deployment.ts';
import type {Target} from './deployment.ts';
import {isRemote} from './host.ts';
import {finishRounds} from './leave-step.ts';
import {moveRounds} from './moves.ts';
import type {Plan} from './plan.ts';
import {requireNoCanary} from './plan-canary.ts';
import {balancerSteps, cleanings, prepare} from './prepare.ts';
import {keptSlots} from './slots.ts';
import {appsOf, requireDeployed} from './state.ts';
import type {Found} from './state.ts';
import {restartStep} from './steps.ts';
import {viewOf} from './view.ts';

/**
 * Starts the containers of the previous release again, or of another one that is kept, and moves the traffic back to
 * them: nothing is pulled, created or migrated. A second rollback returns to where the first one began.
 * @throws Problem `not_deployed`, `no_previous_release`, `canary_under_way`
 */
export function planRollback(target: Target, found: readonly Found[], {to, entry}: {to?: number | undefined; entry: Entry}): Plan {
  const scene = sceneOf(target);
  const {release: previous, previous: before} = requireDeployed(found, target);
  const view = viewOf(target, found);
  requireNoCanary(target, view);
  const release = to ?? before;
  for (const app of view.apps) requireKept(target, app, release, previous);
  const cleaning = new Map([...cleanings(view)].map(([host, {remove, stop}]) => {
    const going = new Set(view.apps.filter(({machine}) => machine.host === host).flatMap((app) => keptSlots(target, view, app, release).map(({container}) => container)));
    return [host, {remove: remove.filter((name) => !going.has(name)), stop: stop.filter((name) => !going.has(name))}] as const;
  }));
  const slots = (app: Found): readonly SlotUse[] => keptSlots(target, view, app, release);
  const image = view.apps.flatMap(({state}) => appsOf(state)).find((one) => one.release === release)?.image ?? '';
  return {
    ...scene, what: 'rollback', release, previous, image,
    hosts: [...view.apps, ...found.filter((one) => !view.apps.includes(one))].map(({machine}) => machine.host),
    notes: [],
    first: [],
    rounds: [
      balancerSteps(target, view, cleaning),
      ...moveRounds(target, view, {
        release, previous, slots,
        start: (app, uses) => restartStep(target, app.machine.host, release, uses, prepare(target, view, app, cleaning)),
      }, Math.max(1, view.apps.length)),
    ].filter((round) => round.length > 0),
    watch: undefined,
    finish: finishRounds(target, view, {release, previous, image, entry}),
  };
}

function requireKept({service, environment}: Target, {machine: {host}, state}: Found, release: number, current: number): void {
  if (release !== 0 && release !== current && appsOf(state).some((one) => one.release === release)) return;
  const kept = [...new Set(appsOf(state).map((one) => one.release))].filter((one) => one !== current);
  throw problem({
    code: 'no_previous_release',
    what: `${service.name} in ${environment} has no release ${release === 0 ? `before ${current}` : release} to go back to${isRemote(host) ? ` on ${host}` : ''}`,
    fix: `${kept.length === 0 ? '' : `there ${kept.length === 1 ? 'is' : 'are'}: ${kept.join(', ')} (--release); or `}deploy the version you want: entrypoint deploy ${environment} --image=IMAGE`,
  });
}
