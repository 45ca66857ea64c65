import type {Environment} from './schema.ts';

/** `local`, or an ssh destination: `deploy@h1`, or a Host of the user's ssh configuration. */
export type Host = string;

export const isRemote = (host: Host): boolean => host !== 'local';

/** The host without its user, as in a URL. */
export const hostName = (host: Host): string => host.replace(/^.*@/, '');

/** ` on deploy@h1`, as ssh takes it, for a message; empty for `local`. */
export const onDestination = (host: Host): string => (isRemote(host) ? ` on ${host}` : '');

/** ` on h1`, for a message; empty for `local`. */
export const onHost = (host: Host): string => (isRemote(host) ? ` on ${hostName(host)}` : '');

export const hasRemoteHosts = ({
  hosts,
  load_balancer: {hosts: balancers},
}: Pick<Environment, 'hosts' | 'load_balancer'>): boolean =>
  balancers.some(isRemote) || hosts.some(({host}) => isRemote(host));
