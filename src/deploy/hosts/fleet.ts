import {isDeepStrictEqual} from 'node:util';
import {type HealthCheck, withHeadersOf} from '../../service/schema/health-check.ts';
import {stackName} from '../../stack/names.ts';
import {hasDedicatedBalancers, healthCheck, stackOf, type Target} from '../target.ts';
import {balancerSettings} from './balancer/settings.ts';
import {type BalancerState, healthOf, slotName, type SlotUse} from './balancer/state.ts';
import {appsOf, type SurveyedHost} from './state.ts';

/** A balancer, and the configuration that a deploy starts from. */
export interface FleetBalancer {
  readonly surveyed: SurveyedHost;
  /** The state in its file; undefined if the file has nothing about the service. */
  readonly held: BalancerState | undefined;
  /** The same with slots for everything that deploy.yaml asks for; the old release is still in its slots. */
  readonly before: BalancerState;
  /** The app machines behind it, leaving ones included. */
  readonly apps: readonly SurveyedHost[];
}

/** The machines of an environment by their roles, and the releases on them. */
export interface Fleet {
  /** Whether balancers run on machines of their own, each in front of all replicas. */
  readonly dedicated: boolean;
  /** Every machine. */
  readonly surveyed: readonly SurveyedHost[];
  /** App machines that deploy.yaml lists. */
  readonly apps: readonly SurveyedHost[];
  /** Machines that deploy.yaml no longer lists. */
  readonly leaving: readonly SurveyedHost[];
  readonly balancers: readonly FleetBalancer[];
  /** The health check of the release to come. */
  readonly health: HealthCheck;
  /** The newest release that serves anywhere; 0 for none. */
  readonly serving: number;
  /** Whether no replica of that release works: a failed deploy leaves nothing that serves. */
  readonly isDown: boolean;
  /** The greatest release number ever used here. */
  readonly newest: number;
}

/**
 * Combines the states of all machines. A deploy can die between two dedicated balancers: then the one whose release runs
 * counts, and of two whose releases run the newer, since the deploy may have stopped the older one.
 * @param health the health check of the release to come
 */
export function fleetOf(
  target: Target,
  surveyed: readonly SurveyedHost[],
  health: HealthCheck = healthCheck(target),
): Fleet {
  const dedicated = hasDedicatedBalancers(target.settings);
  const apps = surveyed.filter(({machine}) => machine.app && !machine.leaves);
  const leaving = surveyed.filter(({machine}) => machine.leaves);
  const states = surveyed.flatMap(({state: {balancer}}) => (balancer === undefined ? [] : [balancer]));
  const newest = states.toSorted(
    (a, b) => Number(isRunning(b, surveyed)) - Number(isRunning(a, surveyed)) || b.release - a.release,
  )[0];
  const balancers = surveyed
    .filter(({machine}) => machine.balancer && !machine.leaves)
    .map((one) => {
      const behind = dedicated ? [...apps, ...leaving] : [one];
      const held = one.state.balancer;
      return {
        surveyed: one,
        held,
        before: startingState(target, {old: dedicated ? newest : held, health}, behind, dedicated),
        apps: behind,
      };
    });
  return {
    dedicated,
    surveyed,
    apps,
    leaving,
    balancers,
    health,
    serving: newest?.release ?? 0,
    isDown: newest !== undefined && newest.release > 0 && isDown(newest, surveyed),
    newest: Math.max(
      0,
      ...states.flatMap(({release, canary}) => [release, canary?.release ?? 0]),
      ...surveyed.flatMap(({state}) => [
        ...state.logged.flatMap(({result, release}) => (result === 'done' ? [release] : [])),
        ...appsOf(state).map(({release}) => release),
      ]),
    ),
  };
}

/** Whether all containers in its slots run, apart from those on hosts outside the survey. */
function isRunning({slots}: BalancerState, surveyed: readonly SurveyedHost[]): boolean {
  const known = slots.filter(({host}) => surveyed.some(({machine}) => machine.key === host));
  return (
    known.length > 0 &&
    known.every(({host, container}) =>
      surveyed.some(
        ({machine, state}) =>
          machine.key === host && state.containers.some((one) => one.name === container && one.state === 'running'),
      ),
    )
  );
}

/** Whether no container of the release runs and is healthy; false if it can have some on hosts outside the survey. */
function isDown({release, slots}: BalancerState, surveyed: readonly SurveyedHost[]): boolean {
  const known = (key: string): boolean => key === '' || surveyed.some(({machine}) => machine.key === key);
  return (
    slots.every(({host}) => known(host)) &&
    !surveyed.some(({state}) =>
      appsOf(state).some(
        (one) => one.release === release && one.state === 'running' && !one.status.includes('(unhealthy)'),
      ),
    )
  );
}

interface Releases {
  readonly old: BalancerState | undefined;
  readonly health: HealthCheck;
}

function startingState(
  target: Target,
  {old, health}: Releases,
  apps: readonly SurveyedHost[],
  dedicated: boolean,
): BalancerState {
  const {settings} = target;
  // A slot whose container is gone would keep the balancer waiting for its address.
  const exists = ({host, container}: SlotUse): boolean =>
    apps.every(({machine, state}) => machine.key !== host || state.containers.some(({name}) => name === container));
  const slots: readonly SlotUse[] = [...(old?.slots ?? []), ...(old?.canary?.slots ?? [])].filter(exists);
  const keys = dedicated
    ? [...apps.filter(({machine}) => !machine.leaves).map(({machine}) => machine.key), ...slots.map(({host}) => host)]
    : [''];
  // A release that serves keeps its own health check.
  const others =
    old === undefined
      ? []
      : slots
          .map((slot) => [slotName(slot), withHeadersOf(healthOf(old, slot), health)] as const)
          .filter(([, check]) => !isDeepStrictEqual(check, health));
  return {
    name: stackName(stackOf(target)),
    release: old?.release ?? 0,
    previous: old?.previous ?? 0,
    hosts: [...new Set(keys)],
    // Also room for the containers that a rollback starts again.
    size: Math.max(
      settings.replicas,
      ...slots.map(({replica}) => replica),
      ...apps.flatMap(({state}) => appsOf(state).map(({replica}) => replica)),
    ),
    slots: slots.filter((slot) => old?.slots.includes(slot)),
    ...(old?.canary === undefined ? {} : {canary: {...old.canary, slots: old.canary.slots.filter(exists)}}),
    health,
    ...(others.length === 0 ? {} : {otherHealth: Object.fromEntries(others)}),
    settings: balancerSettings(settings.load_balancer),
  };
}

/** The states of all balancers in front of one app machine. */
export const statesFor = ({dedicated, balancers}: Fleet, {machine}: SurveyedHost): BalancerState[] =>
  balancers
    .filter(({surveyed}) => dedicated || surveyed.machine.host === machine.host)
    .flatMap(({held}) => (held === undefined ? [] : [held]));

/** The slots of one app machine. */
export const slotsOn = (slots: readonly SlotUse[], {machine: {key}}: SurveyedHost): SlotUse[] =>
  slots.filter(({host}) => host === key);

/** The slots of one app machine that get traffic, a canary's included. */
export const servingSlots = (fleet: Fleet, app: SurveyedHost): SlotUse[] =>
  statesFor(fleet, app).flatMap(({slots, canary}) => slotsOn([...slots, ...(canary?.slots ?? [])], app));
