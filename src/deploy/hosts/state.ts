import type {LbVersion} from '../../commands/lb.ts';
import {problem} from '../../errors.ts';
import type {HealthCheck} from '../../service/schema/health-check.ts';
import {formerNameNote} from '../../service/service.ts';
import {balancerName, type Role} from '../../stack/names.ts';
import {stackOf, type Target} from '../target.ts';
import type {BalancerState, Colour} from './balancer/state.ts';
import type {HeldLock} from './lock-label.ts';
import type {MachineFacts} from './machine/facts.ts';
import type {FleetMachine} from './machines.ts';
import type {Outcome} from './release-log.ts';

export interface Container {
  readonly name: string;
  /** Docker's word: created, running, paused, restarting, exited, dead. */
  readonly state: string;
  /** Docker's words: `Up 3 minutes (healthy)`. */
  readonly status: string;
  readonly image: string;
  readonly role: Role;
  /** Name of the backing service; empty for other roles. */
  readonly backing: string;
  readonly release: number;
  readonly replica: number;
  readonly colour: Colour;
  /** The port that a replica listens on. */
  readonly port: number;
  readonly commit: string;
  /** Its health check; undefined for a container that an early version started. */
  readonly health: HealthCheck | undefined;
  /** A hash of the settings it was started with. */
  readonly settings: string;
  /** The release before its own; undefined for the first one, and for a container that an early version started. */
  readonly previous: KnownRelease | undefined;
  /** `10.0.0.2:20001`, for balancers on other machines; else empty. */
  readonly published: string;
  /** The hosts that its release was deployed to, as ssh takes them. */
  readonly hosts: readonly string[];
  /** The log driver in whose place it has the fallback, since its endpoint was down at the start; else empty. */
  readonly logFallback: string;
  /** Creation time, by the host's clock. */
  readonly created: string;
}

/** A release and its image. */
export interface KnownRelease {
  readonly release: number;
  readonly image: string;
}

/** A release in the release log. */
export interface LoggedRelease extends KnownRelease {
  /** deploy, rollback, canary, continue, abort. */
  readonly what: string;
  readonly result: Outcome;
}

/** Everything that one service has on one host in one environment: read from its engine, stored nowhere else. */
export interface HostState {
  readonly containers: readonly Container[];
  /** The state of the service in the balancer's file; undefined before the first deploy, and while the balancer is down. */
  readonly balancer: BalancerState | undefined;
  /** The state of the balancer's container; undefined without a balancer. */
  readonly balancerState: string | undefined;
  /** A hash of the settings that the balancer was started with. */
  readonly balancerSettings: string;
  /** The version of the words that its `lb` accepts. */
  readonly lbVersion: LbVersion;
  /** False if the query left it out. */
  readonly hasNetwork: boolean;
  readonly volumes: readonly string[];
  /** Names of the entries of the release log, oldest first. */
  readonly log: readonly string[];
  /** What these entries record, in the same order. */
  readonly logged: readonly LoggedRelease[];
  /** Published ports of the replicas of all services, running or not. */
  readonly ports: readonly number[];
  /** Those of the images in the query that the host has. */
  readonly images: readonly string[];
  /** The address at which ssh reached the host; empty on this machine. */
  readonly sshAddress: string;
  /** What a deploy asked for besides; empty for other tasks. */
  readonly facts: MachineFacts;
  readonly lock: HeldLock | undefined;
}

/** A machine of the fleet with its state. */
export interface SurveyedHost {
  readonly machine: FleetMachine;
  readonly state: HostState;
}

/** The replicas among the containers. */
export const appsOf = ({containers}: Pick<HostState, 'containers'>): Container[] =>
  containers.filter(({role}) => role === 'app');

/**
 * The images of all releases that the hosts know, by release: from their containers, their release logs, and the labels
 * of the releases that followed. A prune can have removed any of them.
 */
export function knownImages(surveyed: readonly SurveyedHost[]): ReadonlyMap<number, string> {
  const states = surveyed.map(({state}) => state);
  return new Map(
    [
      ...states.flatMap((state) => appsOf(state).flatMap(({previous}) => (previous === undefined ? [] : [previous]))),
      ...states.flatMap(({logged}) => logged.filter(({result, what}) => result === 'done' && what !== 'abort')),
      ...states.flatMap((state) => appsOf(state)),
    ]
      .filter(({image}) => image !== '')
      .map(({release, image}) => [release, image]),
  );
}

/** The name of the balancer's container: the environment's own, or one that several services share. */
export const balancerOf = (target: Target): string => {
  const {name} = target.settings.load_balancer;
  return name === undefined ? balancerName(stackOf(target)) : `entrypoint.balancer.${name}`;
};

/**
 * The state of the balancer with the newest release.
 * @throws Problem `not_deployed`
 */
export function requireDeployed(surveyed: readonly SurveyedHost[], {service, environment}: Target): BalancerState {
  const states = surveyed.flatMap(({state: {balancer}}) =>
    balancer === undefined || balancer.release === 0 ? [] : [balancer],
  );
  const newest = states.toSorted((a, b) => b.release - a.release)[0];
  if (newest !== undefined) return newest;
  throw problem({
    code: 'not_deployed',
    what: `${service.name} is not deployed in ${environment}`,
    fix: [`entrypoint deploy ${environment}`, formerNameNote(service) ?? []].flat().join('; or: '),
  });
}
