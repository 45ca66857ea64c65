import {isIPv4, isIPv6} from 'node:net';
import {sshText} from '../../../commands/destination.ts';
import {hostName, isRemote} from '../../../service/hosts.ts';
import {type Deployment, hasDedicatedBalancers, type Target} from '../../target.ts';
import type {Fleet} from '../fleet.ts';
import {bracketed, isAnyAddress, isForeign, isLoopback, isTaken, type PlacesQuery} from '../machine/endpoints.ts';
import {type EngineHost, ownEngine} from '../machine/engine-host.ts';
import type {FactsQuery} from '../machine/facts.ts';
import type {FleetMachine} from '../machines.ts';
import type {SurveyedHost} from '../state.ts';
import {replicaAddress} from './steps/replica-address.ts';

// The ports and addresses that a deploy needs on its hosts.

/** Something that a host cannot do. */
export interface Unsuitable {
  /** Path of the setting in deploy.yaml, below the environment. */
  readonly path: readonly (string | number)[];
  readonly text: string;
  readonly fix: string;
}

/** What to ask a machine about them. @param engine where the engine of `local` runs */
export function placesFor(
  {settings}: Target,
  {host, app, balancer, address}: FleetMachine,
  engine: EngineHost = ownEngine,
): PlacesQuery & Pick<FactsQuery, 'own' | 'reaches'> {
  if (!isRemote(host) && !(engine.isSocket && engine.name === '')) return {};
  const {address: listening, port, tls, own} = settings.load_balancer;
  const publishes = balancer && own === undefined;
  const ports = publishes ? [port, ...(tls === undefined ? [] : [tls.port])].filter((one) => one !== 0) : [];
  const dedicated = hasDedicatedBalancers(settings);
  const asked = {
    listen: ports.map((one) => ({address: listening, port: one})),
    addresses: [
      ...(publishes && !isLoopback(listening) && !isAnyAddress(listening) ? [listening] : []),
      ...(app && address !== undefined && dedicated ? [address] : []),
    ],
  };
  if (!isRemote(host)) return asked.listen.length + asked.addresses.length === 0 ? {} : {...asked, own: true};
  // Without an address in deploy.yaml, it is the one that ssh connected to, which can be one of IPv6.
  const reaches = dedicated && publishes && settings.hosts.some((one) => !isIPv4(one.address ?? ''));
  return {...asked, ...(reaches ? {reaches} : {})};
}

/** Ports that other programs have, and addresses that are not the host's. */
export function placeIssues(deployment: Deployment, one: SurveyedHost): Unsuitable[] {
  const {settings} = deployment;
  const {
    machine: {host, app, balancer, address: replicasAt},
    state: {facts, balancerState},
  } = one;
  const where = isRemote(host) ? hostName(host) : 'this machine';
  const {address, port, tls, own} = settings.load_balancer;
  const isNew = balancer && balancerState === undefined && own === undefined;
  const taken = (
    isNew ? [{path: ['port'], port}, ...(tls === undefined ? [] : [{path: ['tls', 'port'], port: tls.port}])] : []
  )
    .filter((endpoint) => isTaken({address, port: endpoint.port}, facts))
    .map((endpoint) => ({
      path: ['load_balancer', ...endpoint.path],
      text: `another program listens on ${bracketed(address)}:${endpoint.port} of ${where}`,
      fix: `stop it (${isRemote(host) ? `${sshText(host)} ` : ''}ss -ltnp 'sport = :${endpoint.port}'), or choose another port (0: any free one)`,
    }));
  const foreign = (path: Unsuitable['path'], wanted: string): Unsuitable[] =>
    isForeign(wanted, facts)
      ? [
          {
            path,
            text: `${where} does not have the address ${wanted}; it has ${addressesText(facts.addresses)}`,
            fix: 'name an address that the host has itself, not that of a router in front of it; 0.0.0.0 is all of them',
          },
        ]
      : [];
  return [
    ...taken,
    ...(isNew ? foreign(['load_balancer', 'address'], address) : []),
    ...(app && replicasAt !== undefined && hasDedicatedBalancers(settings)
      ? foreign(hostPath(deployment, one, 'address'), replicasAt)
      : []),
  ];
}

const addressesText = (addresses: readonly string[]): string =>
  [...new Set(addresses)].filter((one) => !isLoopback(one) && !one.startsWith('fe80:')).join(', ') ||
  'only loopback addresses';

const hostPath = ({settings}: Target, {machine}: SurveyedHost, ...key: string[]): Unsuitable['path'] => [
  'hosts',
  settings.hosts.findIndex(({host}) => host === machine.host),
  ...key,
];

/** Replicas that a dedicated balancer cannot reach: its container has no IPv6. */
export function reachIssues(deployment: Deployment, {surveyed, dedicated}: Fleet, app: SurveyedHost): Unsuitable[] {
  if (!dedicated || !app.machine.app || deployment.settings.load_balancer.own !== undefined) return [];
  const address = replicaAddress(app);
  const without = surveyed.find(({machine, state}) => machine.balancer && state.facts.reachesIPv6 === false);
  if (without === undefined || !isIPv6(address)) return [];
  const name = hostName(app.machine.host);
  const named = app.machine.address !== undefined;
  return [
    {
      path: hostPath(deployment, app, ...(named ? ['address'] : [])),
      text: `the load balancer on ${hostName(without.machine.host)} cannot reach ${name} at ${address}${named ? '' : ', where ssh connected'}: docker's default network there has no IPv6`,
      fix: `set an IPv4 address or a name that has one: hosts: [{host: ${app.machine.host}, address: 10.0.0.2}]; or give the default network IPv6: {"ipv6": true, "fixed-cidr-v6": "fd00:1::/64"} in /etc/docker/daemon.json of ${hostName(without.machine.host)}`,
    },
  ];
}
