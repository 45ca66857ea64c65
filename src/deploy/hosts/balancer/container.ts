import {posix} from 'node:path';
import type {ContainerOptions} from '../../../commands/docker.ts';
import {lbWatch} from '../../../commands/lb.ts';
import type {LoadBalancer} from '../../../service/load-balancer-schema.ts';

/** What the deploy knows of the balancer's container, whatever it is. */
export interface BalancerPlace {
  readonly name: string;
  /** A network that user-defined names are known in; a HAProxy of the user's own has the host's. */
  readonly network?: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * How the balancer is started: HAProxy itself, or, for one that the user runs, a container beside it that holds nothing
 * but `lb`, so that both are driven by the same commands.
 */
export function balancerContainer(file: LoadBalancer, {name, network, labels}: BalancerPlace): ContainerOptions {
  const common = {image: file.image, name, labels, restart: 'always'} as const;
  if (file.own === undefined) return {...common, network, publish: publishedPorts(file)};
  const {admin_socket: admin, master_socket: master} = file.own;
  const directories = new Set([posix.dirname(admin), posix.dirname(master), '/etc/haproxy/entrypoint']);
  return {
    ...common,
    // It probes the health path at the address that the balancer uses, 127.0.0.1 included.
    network: 'host',
    user: '0:0',
    environment: {LB_ADMIN: admin, LB_MASTER: master},
    volumes: [...directories].map((directory) => `${directory}:${directory}`),
    command: lbWatch,
  };
}

function publishedPorts({address, port, tls}: LoadBalancer): string[] {
  const publish = (outside: number, inside: number): string => `${address}:${outside === 0 ? '' : outside}:${inside}`;
  return [publish(port, 8080), ...(tls === undefined ? [] : [publish(tls.port, 8443)])];
}
