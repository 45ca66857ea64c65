import {posix} from 'node:path';
import type {ContainerOptions} from '../../../commands/docker/index.ts';
import {lbWatch} from '../../../commands/lb.ts';
import type {LoadBalancer} from '../../../service/schema/load-balancer.ts';
import {bracketed} from '../machine/endpoints.ts';

/** What the container of any balancer has. */
export interface BalancerContainerOptions {
  readonly name: string;
  /** A network on which Docker resolves names; unused with the user's own HAProxy, which has the host's. */
  readonly network?: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * The balancer's container: HAProxy itself, or, beside the user's own HAProxy, one that runs nothing and has `lb`, so
 * that the same commands drive both.
 */
export function balancerContainer(
  file: LoadBalancer,
  {name, network, labels}: BalancerContainerOptions,
): ContainerOptions {
  const common = {image: file.image, name, labels, restart: 'always'} as const;
  if (file.own === undefined) return {...common, network, publish: publishedPorts(file)};
  const {admin_socket: admin, master_socket: master} = file.own;
  const directories = new Set([posix.dirname(admin), posix.dirname(master), '/etc/haproxy/entrypoint']);
  return {
    ...common,
    // lb requests the health path at the address that HAProxy uses, 127.0.0.1 included.
    network: 'host',
    user: '0:0',
    environment: {LB_ADMIN: admin, LB_MASTER: master},
    volumes: [...directories].map((directory) => `${directory}:${directory}`),
    command: lbWatch,
  };
}

function publishedPorts({address, port, tls}: LoadBalancer): string[] {
  const publish = (outside: number, inside: number): string =>
    `${bracketed(address)}:${outside === 0 ? '' : outside}:${inside}`;
  return [publish(port, 8080), ...(tls === undefined ? [] : [publish(tls.port, 8443)])];
}
