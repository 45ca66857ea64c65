import type {Environment} from './schema.ts';

/** `local`, or what ssh takes: `deploy@h1`, or a name from the user's own ssh settings. */
export type Host = string;

export const isRemote = (host: Host): boolean => host !== 'local';

/** The host's name as a part of an address. */
export const hostName = (host: Host): string => host.replace(/^.*@/, '');

/** ` on h1`, for a message; nothing where there is one engine and it is this one. */
export const onHost = (host: Host): string => (isRemote(host) ? ` on ${hostName(host)}` : '');

export const hasRemoteHosts = ({
  hosts,
  load_balancer: {hosts: balancers},
}: Pick<Environment, 'hosts' | 'load_balancer'>): boolean =>
  balancers.some(isRemote) || hosts.some(({host}) => isRemote(host));
