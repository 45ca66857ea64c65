import {problem} from '../../../errors.ts';
import {isRemote} from '../../../service/hosts.ts';
import {stackOf, type Target} from '../../target.ts';
import type {SlotUse} from '../balancer/state.ts';
import {type View, viewOf} from '../fleet.ts';
import type {Entry} from '../release-log.ts';
import {appsOf, type Found, requireDeployed} from '../state.ts';
import {requireNoCanary} from './deploy.ts';
import {moveRounds} from './moves.ts';
import type {Plan} from './plan.ts';
import {balancerSteps, cleanings, prepare} from './prepare.ts';
import {keptSlots, newSlots} from './slots.ts';
import {finishRounds} from './steps/finish.ts';
import {pullStep, restartStep, startStep} from './steps/replicas.ts';
import type {Step} from './steps/step.ts';

/**
 * Starts the containers of the previous release again, or of another one that is kept, and moves the traffic back to
 * them: nothing is pulled, created or migrated. Only a host that was not there then gets containers of it, made anew. A
 * second rollback returns to where the first one began.
 * @throws Problem `not_deployed`, `no_previous_release`, `canary_under_way`
 */
export function planRollback(
  target: Target,
  found: readonly Found[],
  {to, entry}: {to?: number | undefined; entry: Entry},
): Plan {
  const stack = stackOf(target);
  const {release: previous, previous: before} = requireDeployed(found, target);
  const release = to ?? before;
  const view = viewOf(target, found, healthThen(found, release) ?? target.service.deployFile.health);
  requireNoCanary(target, view);
  const kept = view.apps.filter(({state}) => appsOf(state).some((one) => one.release === release));
  if (release === 0 || release === previous || kept.length === 0) throw noRelease(target, view, release, previous);
  const fresh = view.apps.filter((app) => !kept.includes(app));
  const image = appsOf(kept[0]?.state ?? {containers: []}).find((one) => one.release === release)?.image ?? '';
  const made = newSlots({...target, image, commit: ''}, view, release);
  const cleaning = new Map(
    [...cleanings(view)].map(([host, {remove, stop}]) => {
      const going = new Set(
        view.apps
          .filter(({machine}) => machine.host === host)
          .flatMap((app) => keptSlots(target, view, app, release).map(({container}) => container)),
      );
      return [
        host,
        {remove: remove.filter((name) => !going.has(name)), stop: stop.filter((name) => !going.has(name))},
      ] as const;
    }),
  );
  const slots = (app: Found): readonly SlotUse[] =>
    fresh.includes(app) ? (made.get(app.machine.host) ?? []) : keptSlots(target, view, app, release);
  const start = (app: Found, uses: readonly SlotUse[]): Step => {
    const prepared = prepare(target, view, app, cleaning);
    return fresh.includes(app)
      ? startStep({...target, image, commit: ''}, app.machine.host, release, uses, prepared)
      : restartStep(target, app.machine.host, release, uses, prepared);
  };
  return {
    ...stack,
    what: 'rollback',
    release,
    previous,
    image,
    hosts: [...view.apps, ...found.filter((one) => !view.apps.includes(one))].map(({machine}) => machine.host),
    notes: fresh.map(
      ({machine: {host}}) =>
        `${host} never had release ${release}: it gets containers of its image, with the settings that deploy.yaml has now`,
    ),
    first:
      fresh.length === 0
        ? []
        : [fresh.filter(({machine: {host}}) => isRemote(host)).flatMap(({machine: {host}}) => pullStep(host, [image]))],
    rounds: [
      balancerSteps(target, view, cleaning),
      ...moveRounds(target, view, {release, previous, slots, start}, Math.max(1, view.apps.length)),
    ].filter((round) => round.length > 0),
    watch: undefined,
    finish: finishRounds(target, view, {release, previous, image, entry}),
  };
}

/** The path that a release was checked with. */
function healthThen(found: readonly Found[], release: number): string | undefined {
  return found.flatMap(({state}) => appsOf(state)).find((one) => one.release === release && one.health !== '')?.health;
}

function noRelease({service, environment}: Target, {apps}: View, release: number, current: number): Error {
  const kept = [...new Set(apps.flatMap(({state}) => appsOf(state).map((one) => one.release)))]
    .filter((one) => one !== current)
    .toSorted((a, b) => b - a);
  return problem({
    code: 'no_previous_release',
    what:
      release === current
        ? `release ${release} of ${service.name} serves in ${environment} already`
        : `${service.name} in ${environment} has no release ${release === 0 ? `before ${current}` : release} to go back to`,
    fix: `${kept.length === 0 ? '' : `there ${kept.length === 1 ? 'is' : 'are'}: ${kept.join(', ')} (--release); or `}deploy the version you want: entrypoint deploy ${environment} --image=IMAGE`,
  });
}
