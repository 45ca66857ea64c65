import {replicaSettings} from '../../target.ts';
import type {Target} from '../../target.ts';
import {leftoversOf} from '../plan/leftovers.ts';
import {appsOf} from '../state.ts';
import type {Container, Found} from '../state.ts';
import {slotsOn, statesFor} from '../fleet.ts';
import type {View} from '../fleet.ts';

/** What differs from what should run, each in words: between the hosts, from the balancers' files, and from deploy.yaml. */
export function driftOf(target: Target, view: View): string[] {
  if (view.serving === 0) return [];
  const image = newestImage(view);
  return [
    ...view.balancers.flatMap(({found: {machine: {host}, state}, held}) => [
      ...(state.balancerState === undefined ? [`${host} has no load balancer`] : state.balancerState === 'running' ? [] : [`the load balancer on ${host} is ${state.balancerState}`]),
      ...(held !== undefined && held.release !== view.serving ? [`${host} serves release ${held.release}, and the newest is ${view.serving}`] : []),
    ]),
    ...view.apps.flatMap((app) => appDrift(target, view, app, image)),
    ...view.leaving.map(({machine: {host}}) => `${host} is no longer in deploy.yaml, and release ${view.serving} or an older one is still there`),
  ];
}

function appDrift(target: Target, view: View, app: Found, image: string): string[] {
  const {host} = app.machine;
  const used = usedOn(view, app);
  const containers = appsOf(app.state).filter(({name}) => used.has(name));
  const {remove, stop} = leftoversOf(app, statesFor(view, app));
  return [
    ...[...used].filter((name) => !containers.some((one) => one.name === name)).map((name) => `${name} on ${host} is gone`),
    ...containers.filter(({state}) => state !== 'running').map(({name, state}) => `${name} on ${host} is ${state}`),
    ...containers.filter((one) => one.release === view.serving && one.image !== image).map((one) => `${one.name} on ${host} runs ${one.image}, and others of its release ${image}`),
    ...(used.size === 0 ? [`no replica runs on ${host}`]
      : used.size === target.place.replicas || view.balancers.some(({before}) => before.canary !== undefined) ? []
      : [`${used.size} replicas run on ${host}, and deploy.yaml says ${target.place.replicas}`]),
    ...(containers.some((one) => one.release === view.serving && one.settings !== '' && one.settings !== replicaSettings(target))
      ? [`deploy.yaml has changed since release ${view.serving} was started on ${host}`] : []),
    ...[...remove, ...stop].map((name) => `${name} on ${host} runs, and gets no traffic: the next deploy ends it`),
  ];
}

const usedOn = (view: View, app: Found): Set<string> =>
  new Set(statesFor(view, app).flatMap((state) => slotsOn([...state.slots, ...(state.canary?.slots ?? [])], app)).map(({container}) => container));

function newestImage(view: View): string {
  const all = view.apps.flatMap((app) => appsOf(app.state).filter((one: Container) => one.release === view.serving));
  const counts = all.map((one) => ({image: one.image, count: all.filter(({image}) => image === one.image).length}));
  return counts.toSorted((a, b) => b.count - a.count)[0]?.image ?? '';
}
