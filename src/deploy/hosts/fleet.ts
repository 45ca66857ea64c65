import {stackName} from '../../stack/names.ts';
import {hasOwnBalancers, stackOf, type Target} from '../target.ts';
import {balancerSettings} from './balancer/settings.ts';
import {type BalancerState, healthOf, slotName, type SlotUse} from './balancer/state.ts';
import {appsOf, type Found} from './state.ts';

/** A balancer, and what it is to hold before anything moves. */
export interface BalancerView {
  readonly found: Found;
  /** What its file holds now; undefined where it has nothing of the service. */
  readonly held: BalancerState | undefined;
  /** The same with room for all that the file asks for; the old release is still in its slots. */
  readonly before: BalancerState;
  /** The app machines whose replicas it has, those that leave included. */
  readonly apps: readonly Found[];
}

/** A fleet as it was found: what serves, and where there is room. */
export interface View {
  readonly apart: boolean;
  readonly found: readonly Found[];
  /** App machines that the file names. */
  readonly apps: readonly Found[];
  readonly leaving: readonly Found[];
  readonly balancers: readonly BalancerView[];
  /** The newest release that serves anywhere; 0 for none. */
  readonly serving: number;
  /** The greatest number that any release ever had here. */
  readonly newest: number;
}

/**
 * Puts together what was found on each machine. Where balancers stand apart and a deploy died between two of them, the
 * one whose release lives has the say, and of two that live the newer: it may have stopped the older one already.
 * @param health path that the release to come is checked with
 */
export function viewOf(target: Target, found: readonly Found[], health = target.service.deployFile.health): View {
  const apart = hasOwnBalancers(target.settings);
  const apps = found.filter(({machine}) => machine.app && !machine.leaves);
  const leaving = found.filter(({machine}) => machine.leaves);
  const states = found.flatMap(({state: {balancer}}) => (balancer === undefined ? [] : [balancer]));
  const newest = states.toSorted(
    (a, b) => Number(lives(b, found)) - Number(lives(a, found)) || b.release - a.release,
  )[0];
  const balancers = found
    .filter(({machine}) => machine.balancer && !machine.leaves)
    .map((one) => {
      const served = apart ? [...apps, ...leaving] : [one];
      const held = one.state.balancer;
      return {
        found: one,
        held,
        before: wanted(target, {old: apart ? newest : held, health}, served, apart),
        apps: served,
      };
    });
  return {
    apart,
    found,
    apps,
    leaving,
    balancers,
    serving: newest?.release ?? 0,
    newest: Math.max(
      0,
      ...states.flatMap(({release, canary}) => [release, canary?.release ?? 0]),
      ...found.flatMap(({state}) => [state.logged, ...appsOf(state).map(({release}) => release)]),
    ),
  };
}

/** Do all containers run that it sends requests to? Those on hosts that could not be looked at are not counted. */
function lives({slots}: BalancerState, found: readonly Found[]): boolean {
  const known = slots.filter(({host}) => found.some(({machine}) => machine.key === host));
  return (
    known.length > 0 &&
    known.every(({host, container}) =>
      found.some(
        ({machine, state}) =>
          machine.key === host && state.containers.some((one) => one.name === container && one.state === 'running'),
      ),
    )
  );
}

interface Wanted {
  readonly old: BalancerState | undefined;
  readonly health: string;
}

function wanted(target: Target, {old, health}: Wanted, apps: readonly Found[], apart: boolean): BalancerState {
  const {settings} = target;
  const slots: readonly SlotUse[] = [...(old?.slots ?? []), ...(old?.canary?.slots ?? [])];
  const keys = apart
    ? [...apps.filter(({machine}) => !machine.leaves).map(({machine}) => machine.key), ...slots.map(({host}) => host)]
    : [''];
  // What serves goes on being checked as it was.
  const others =
    old === undefined
      ? []
      : slots.map((slot) => [slotName(slot), healthOf(old, slot)] as const).filter(([, path]) => path !== health);
  return {
    name: stackName(stackOf(target)),
    release: old?.release ?? 0,
    previous: old?.previous ?? 0,
    hosts: [...new Set(keys)],
    // Room for the containers that a rollback goes back to, too.
    size: Math.max(
      settings.replicas,
      ...slots.map(({replica}) => replica),
      ...apps.flatMap(({state}) => appsOf(state).map(({replica}) => replica)),
    ),
    slots: old?.slots ?? [],
    ...(old?.canary === undefined ? {} : {canary: old.canary}),
    health,
    ...(others.length === 0 ? {} : {otherHealth: Object.fromEntries(others)}),
    settings: balancerSettings(settings.load_balancer),
  };
}

/** What serves on one app machine, whichever balancer it is behind. */
export const statesFor = ({apart, balancers}: View, {machine}: Found): BalancerState[] =>
  balancers
    .filter(({found}) => apart || found.machine.host === machine.host)
    .flatMap(({held}) => (held === undefined ? [] : [held]));

/** The slots of one app machine among those of a balancer. */
export const slotsOn = (slots: readonly SlotUse[], {machine: {key}}: Found): SlotUse[] =>
  slots.filter(({host}) => host === key);
