import {replicaSettings, type Target} from '../../target.ts';
import {type Fleet, servingSlots, statesFor} from '../fleet.ts';
import {leftoversOf} from '../plan/leftovers.ts';
import {appsOf, type SurveyedHost} from '../state.ts';

/** Differences between what runs and what should run, as text: between hosts, and from deploy.yaml. */
export function driftOf(target: Target, fleet: Fleet): string[] {
  if (fleet.serving === 0) return [];
  const image = commonImage(fleet);
  return [
    ...fleet.balancers.flatMap(
      ({
        surveyed: {
          machine: {host},
          state,
        },
        held,
      }) => [
        ...(state.balancerState === undefined
          ? [`${host} has no load balancer`]
          : state.balancerState === 'running'
            ? []
            : [`the load balancer on ${host} is ${state.balancerState}`]),
        ...(held !== undefined && held.release !== fleet.serving
          ? [`${host} serves release ${held.release}, not the newest, ${fleet.serving}`]
          : []),
      ],
    ),
    ...fleet.apps.flatMap((app) => appDrift(target, fleet, app, image)),
    ...fleet.leaving.map(({machine: {host}}) => `${host} is no longer in deploy.yaml, but still runs the service`),
  ];
}

function appDrift(target: Target, fleet: Fleet, app: SurveyedHost, image: string): string[] {
  const {host} = app.machine;
  const used = new Set(servingSlots(fleet, app).map(({container}) => container));
  const containers = appsOf(app.state).filter(({name}) => used.has(name));
  const newest = containers.filter(({release}) => release === fleet.serving);
  const hasCanary = fleet.balancers.some(({before}) => before.canary !== undefined);
  const {remove, stop} = leftoversOf(app, statesFor(fleet, app));
  return [
    ...[...used]
      .filter((name) => !containers.some((one) => one.name === name))
      .map((name) => `${name} is missing on ${host}`),
    ...containers.filter(({state}) => state !== 'running').map(({name, state}) => `${name} on ${host} is ${state}`),
    ...newest
      .filter((one) => one.image !== image)
      .map((one) => `${one.name} on ${host} runs ${one.image}, others of its release ${image}`),
    ...newest
      .filter(({logFallback}) => logFallback !== '')
      .map(
        ({name, logFallback}) =>
          `${name} on ${host} logs to its fallback: the endpoint of ${logFallback} was down when it started; the next deploy tries again`,
      ),
    ...(used.size === 0
      ? [`no replica runs on ${host}`]
      : used.size === target.settings.replicas || hasCanary
        ? []
        : [
            `${host} runs ${used.size} replica${used.size === 1 ? '' : 's'}, deploy.yaml asks for ${target.settings.replicas}`,
          ]),
    ...(newest.some(({settings}) => settings !== '' && settings !== replicaSettings(target))
      ? [`deploy.yaml has changed since release ${fleet.serving} was started on ${host}`]
      : []),
    ...[...remove, ...stop].map(
      (name) => `${name} on ${host} is a leftover without traffic: the next deploy removes it`,
    ),
  ];
}

/** The image of most replicas of the newest release. */
function commonImage({apps, serving}: Fleet): string {
  const all = apps.flatMap((app) => appsOf(app.state).filter(({release}) => release === serving));
  const counts = all.map((one) => ({image: one.image, count: all.filter(({image}) => image === one.image).length}));
  return counts.toSorted((a, b) => b.count - a.count)[0]?.image ?? '';
}
