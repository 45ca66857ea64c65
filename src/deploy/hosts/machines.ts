import {hostKey} from '../../commands/destination.ts';
import type {Host} from '../../service/hosts.ts';
import type {Environment} from '../../service/schema/schema.ts';
import {hasDedicatedBalancers} from '../target.ts';

/** A host with its roles in an environment. */
export interface FleetMachine {
  readonly host: Host;
  /** Its name in the servers of a dedicated balancer; empty where each host has a balancer of its own. */
  readonly key: string;
  /** Its address for balancers, from deploy.yaml; undefined: the one that ssh used. */
  readonly address: string | undefined;
  /** It runs replicas. */
  readonly app: boolean;
  /** It runs a balancer. */
  readonly balancer: boolean;
  /** deploy.yaml no longer lists it: its replicas are drained and removed. */
  readonly leaves: boolean;
}

/** The machines that deploy.yaml lists: app hosts in their order, then those with only a balancer. */
export function machinesOf(settings: Pick<Environment, 'hosts' | 'load_balancer'>): FleetMachine[] {
  const dedicated = hasDedicatedBalancers(settings);
  const balancers = settings.load_balancer.hosts;
  const apps = settings.hosts.map(({host, address}) => ({
    host,
    address,
    key: dedicated ? hostKey(host) : '',
    app: true,
    balancer: !dedicated || balancers.includes(host),
    leaves: false,
  }));
  const others = balancers.filter((host) => !settings.hosts.some((one) => one.host === host));
  return [
    ...apps,
    ...others.map((host) => ({host, key: '', address: undefined, app: false, balancer: true, leaves: false})),
  ];
}

/** A machine that an earlier deploy used and that deploy.yaml no longer lists. */
export const leavingMachine = (settings: Pick<Environment, 'load_balancer'>, host: Host): FleetMachine => ({
  host,
  key: hasDedicatedBalancers(settings) ? hostKey(host) : '',
  address: undefined,
  app: true,
  balancer: true,
  leaves: true,
});
