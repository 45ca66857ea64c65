import type {Place} from '../../service/schema.ts';
import {hostName} from './host.ts';
import type {Host} from './host.ts';

/** One machine that a deploy works on. */
export interface Machine {
  readonly host: Host;
  /** Its name among the balancer's servers; empty where each host has a balancer of its own. */
  readonly key: string;
  /** Where the balancers reach it, as deploy.yaml says; undefined: where ssh reached it. */
  readonly address: string | undefined;
  /** Do replicas run on it? */
  readonly app: boolean;
  /** Does a balancer run on it? */
  readonly balancer: boolean;
  /** The file names it no longer: what runs on it is drained and taken away. */
  readonly leaves: boolean;
}

/** Do balancers stand on hosts of their own, each in front of all replicas? */
export const hasOwnBalancers = ({load_balancer: {hosts}}: Pick<Place, 'load_balancer'>): boolean => hosts.length > 0;

/**
 * Do the balancers reach replicas at ports of their hosts? One in a container on the same host reaches them by their
 * names; one elsewhere, and one of the user's own, which is no container, do not.
 */
export const needsPorts = (place: Pick<Place, 'load_balancer'>): boolean => hasOwnBalancers(place) || place.load_balancer.own !== undefined;

/** The machines that the file names: app hosts in their order, then those that only balance. */
export function machinesOf(place: Pick<Place, 'hosts' | 'load_balancer'>): Machine[] {
  const apart = hasOwnBalancers(place);
  const balancers = place.load_balancer.hosts;
  const apps = place.hosts.map(({host, address}) => (
    {host, address, key: apart ? hostName(host) : '', app: true, balancer: !apart || balancers.includes(host), leaves: false}));
  const others = balancers.filter((host) => !place.hosts.some((one) => one.host === host));
  return [...apps, ...others.map((host) => ({host, key: '', address: undefined, app: false, balancer: true, leaves: false}))];
}

/** A machine that an earlier deploy used and that the file names no longer. */
export const leavingMachine = (place: Pick<Place, 'load_balancer'>, host: Host): Machine => (
  {host, key: hasOwnBalancers(place) ? hostName(host) : '', address: undefined, app: true, balancer: true, leaves: true});

/** How many hosts of `count` change at a time: `all`, a number, or a share such as `25%`, at least one. */
export function batchSize(batch: string | number, count: number): number {
  if (batch === 'all') return Math.max(1, count);
  const text = String(batch);
  const wanted = text.endsWith('%') ? Math.floor((count * Number(text.slice(0, -1))) / 100) : Number(text);
  return Math.max(1, Math.min(count, wanted));
}

/** The same in their order, so many at a time. */
export function batchesOf<T>(all: readonly T[], size: number): T[][] {
  return Array.from({length: Math.ceil(all.length / size)}, (_, index) => all.slice(index * size, (index + 1) * size));
}
