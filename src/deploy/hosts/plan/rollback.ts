import {problem} from '../../../errors.ts';
import {isRemote} from '../../../service/hosts.ts';
import {stackOf, type Target} from '../../target.ts';
import type {SlotUse} from '../balancer/state.ts';
import {type Fleet, fleetOf} from '../fleet.ts';
import type {ReleaseLogEntry} from '../release-log.ts';
import {appsOf, requireDeployed, type SurveyedHost} from '../state.ts';
import {lockOrder, requireNoCanary} from './deploy.ts';
import {leftoversByHost} from './leftovers.ts';
import type {Plan} from './plan.ts';
import {balancerSteps, prepare} from './prepare.ts';
import {rolloutRounds} from './rollout.ts';
import {keptSlots, newSlots} from './slots.ts';
import {finishRounds} from './steps/finish.ts';
import {pullStep, restartStep, startStep} from './steps/replicas.ts';
import type {Step} from './steps/step.ts';

/**
 * Plans a rollback: it starts the containers of an earlier release again and switches the traffic to them. Nothing is
 * pulled, created or migrated, except on a host that joined later, which gets new containers of that release. A second
 * rollback returns to the release that the first one left.
 * @param options `to`: the release, default the previous one
 * @throws Problem `not_deployed`, `no_previous_release`, `canary_under_way`
 */
export function planRollback(
  target: Target,
  surveyed: readonly SurveyedHost[],
  {to, entry}: {to?: number | undefined; entry: ReleaseLogEntry},
): Plan {
  const {release: previous, previous: before} = requireDeployed(surveyed, target);
  const release = to ?? before;
  const releases = {release, previous};
  const fleet = fleetOf(target, surveyed, healthOfRelease(surveyed, release) ?? target.service.deployFile.health);
  requireNoCanary(target, fleet);
  const kept = fleet.apps.filter(({state}) => appsOf(state).some((one) => one.release === release));
  if (release === 0 || release === previous || kept.length === 0) throw noRelease(target, fleet, release, previous);
  const fresh = fleet.apps.filter((app) => !kept.includes(app));
  const image = appsOf(kept[0]?.state ?? {containers: []}).find((one) => one.release === release)?.image ?? '';
  const deployment = {...target, image, commit: ''};
  const created = newSlots(deployment, fleet, release);
  const slots = (app: SurveyedHost): readonly SlotUse[] =>
    fresh.includes(app) ? (created.get(app.machine.host) ?? []) : keptSlots(target, fleet, app, release);
  // The containers of the release that is being restored are not leftovers.
  const leftovers = new Map(
    [...leftoversByHost(fleet)].map(([host, {remove, stop}]) => {
      const starting = new Set(
        fleet.apps
          .filter(({machine}) => machine.host === host)
          .flatMap((app) => keptSlots(target, fleet, app, release).map(({container}) => container)),
      );
      const others = (names: readonly string[]): string[] => names.filter((name) => !starting.has(name));
      return [host, {remove: others(remove), stop: others(stop)}] as const;
    }),
  );
  const start = (app: SurveyedHost, uses: readonly SlotUse[]): Step => {
    const {host} = app.machine;
    const prepared = prepare(target, fleet, app, leftovers);
    return fresh.includes(app)
      ? startStep(deployment, host, releases, uses, prepared)
      : restartStep(target, host, releases, uses, prepared);
  };
  return {
    ...stackOf(target),
    what: 'rollback',
    ...releases,
    image,
    hosts: lockOrder(fleet, surveyed),
    notes: fresh.map(
      ({machine: {host}}) =>
        `${host} never had release ${release}: it gets new containers with the current settings of deploy.yaml`,
    ),
    first:
      fresh.length === 0
        ? []
        : [
            fresh
              .filter(({machine: {host}}) => isRemote(host))
              .flatMap(({machine: {host}}) => pullStep(target.service, host, [image])),
          ],
    rounds: [
      balancerSteps(target, fleet, leftovers),
      ...rolloutRounds(target, fleet, {...releases, slots, start}, Math.max(1, fleet.apps.length)),
    ].filter((round) => round.length > 0),
    comparison: undefined,
    finish: finishRounds(target, fleet, {...releases, image, entry}),
  };
}

/** The health path that a release was started with. */
function healthOfRelease(surveyed: readonly SurveyedHost[], release: number): string | undefined {
  return surveyed.flatMap(({state}) => appsOf(state)).find((one) => one.release === release && one.health !== '')
    ?.health;
}

function noRelease({service, environment}: Target, {apps}: Fleet, release: number, current: number): Error {
  const kept = [...new Set(apps.flatMap(({state}) => appsOf(state).map((one) => one.release)))]
    .filter((one) => one !== current)
    .toSorted((a, b) => b - a);
  return problem({
    code: 'no_previous_release',
    what:
      release === current
        ? `release ${release} of ${service.name} already serves in ${environment}`
        : `${service.name} in ${environment} has no release ${release === 0 ? `before ${current}` : release} to roll back to`,
    fix: `${kept.length === 0 ? '' : `choose a kept release with --release: ${kept.join(', ')}; or `}deploy the version you want: entrypoint deploy ${environment} --image=IMAGE`,
  });
}
