import {parseDestination} from '../commands/destination.ts';
import type {Environment} from './schema/schema.ts';

/** `local`, or an ssh destination: `deploy@h1`, `ssh://deploy@h1:2222`, or a Host of the user's ssh configuration. */
export type Host = string;

export const isRemote = (host: Host): boolean => host !== 'local';

/** The host without its user and port. */
export const hostName = (host: Host): string => parseDestination(host).name;

/** ` on deploy@h1`, as ssh takes it, for a message; empty for `local`. */
export const onDestination = (host: Host): string => (isRemote(host) ? ` on ${host}` : '');

/** ` on h1`, for a message; empty for `local`. */
export const onHost = (host: Host): string => (isRemote(host) ? ` on ${hostName(host)}` : '');

export const hasRemoteHosts = ({
  hosts,
  load_balancer: {hosts: balancers},
}: Pick<Environment, 'hosts' | 'load_balancer'>): boolean =>
  balancers.some(isRemote) || hosts.some(({host}) => isRemote(host));
