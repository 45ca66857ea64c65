import {sshText} from '../../../commands/destination.ts';
import {exitCode, problem} from '../../../errors.ts';
import {hostName, isRemote} from '../../../service/hosts.ts';
import {stackName} from '../../../stack/names.ts';
import {type Deployment, hasDedicatedBalancers, stackOf, type Target} from '../../target.ts';
import {routesOf} from '../balancer/fragment.ts';
import {balancerSettings} from '../balancer/settings.ts';
import type {Fleet} from '../fleet.ts';
import {type FactsQuery, isForeign, isTaken, type MachineFacts, olderPlatforms} from '../machine/facts.ts';
import type {FleetMachine} from '../machines.ts';
import {balancerOf, type SurveyedHost} from '../state.ts';

// What docker would refuse on a host in the middle of a deploy, and a host can say before.

/** What to ask a machine before a deploy. Of the local engine's machine, only the network is known: it can be another one. */
export function factsFor(target: Target, {host, app, balancer, address}: FleetMachine): FactsQuery {
  const {settings} = target;
  const network = app ? settings.network : undefined;
  const {name, own: theirs} = settings.load_balancer;
  const isShared = balancer && (name !== undefined || theirs !== undefined);
  const engine = {network, ...(isShared ? {shared: balancerOf(target)} : {})};
  if (!isRemote(host)) return engine;
  const {address: listening, port, tls, own} = settings.load_balancer;
  const publishes = balancer && own === undefined;
  const ports = publishes ? [port, ...(tls === undefined ? [] : [tls.port])].filter((one) => one !== 0) : [];
  return {
    ...engine,
    listen: ports.map((one) => ({address: listening, port: one})),
    addresses: [
      ...(publishes && !/^(?:127\.|0\.0\.0\.0$)/.test(listening) ? [listening] : []),
      ...(app && address !== undefined && hasDedicatedBalancers(settings) ? [address] : []),
    ],
  };
}

interface Unsuitable {
  /** Path of the setting in deploy.yaml, below the environment. */
  readonly path: readonly (string | number)[];
  readonly text: string;
  readonly fix: string;
}

/**
 * Refuses a deploy that a host cannot carry out.
 * @throws Problem `host_unsuitable` (exit code 69) with every reason and its line
 */
export function requireSuitableHosts(deployment: Deployment, fleet: Fleet): void {
  const found = fleet.surveyed
    .filter(({machine}) => !machine.leaves)
    .flatMap((one) =>
      platformIssues(deployment, one).concat(
        networkIssues(deployment, one),
        placeIssues(deployment, one),
        routeIssues(deployment, one),
      ),
    );
  const [first] = found;
  if (first === undefined) return;
  const {service, environment} = deployment;
  const lineOf = (path: Unsuitable['path']): string =>
    service.placeOf?.(['environments', environment, ...path]) ?? 'deploy.yaml';
  throw problem({
    code: 'host_unsuitable',
    what: `${service.name} cannot be deployed to ${environment}; nothing has changed`,
    details: found.map(({path, text}) => `${lineOf(path)}: ${text}`),
    fix: first.fix,
    exitCode: exitCode.unavailable,
  });
}

/** Whether a machine runs programs of a platform. @param platform `linux/arm64`, or with a variant */
export function runsPlatform(
  {platform: own, emulated}: Pick<MachineFacts, 'platform' | 'emulated'>,
  platform: string,
): boolean {
  const [system = '', architecture = ''] = platform.split('/');
  const wanted = `${system}/${architecture}`;
  return own === '' || own === wanted || olderPlatforms[own]?.includes(wanted) === true || emulated.includes(wanted);
}

const indexOf = ({settings}: Target, {machine}: SurveyedHost): number =>
  settings.hosts.findIndex(({host}) => host === machine.host);

function platformIssues(deployment: Deployment, one: SurveyedHost): Unsuitable[] {
  const {image, platforms = [], enginePlatform, settings} = deployment;
  const {machine, state} = one;
  if (!machine.app || platforms.length === 0 || settings.docker_options.some((word) => word.startsWith('--platform')))
    return [];
  const facts = isRemote(machine.host)
    ? state.facts
    : {platform: enginePlatform ?? '', emulated: process.platform === 'linux' ? state.facts.emulated : [...platforms]};
  if (platforms.some((platform) => runsPlatform(facts, platform))) return [];
  return [
    {
      path: ['hosts', indexOf(deployment, one)],
      text: `${image} is built for ${platforms.join(', ')}, and ${hostName(machine.host)} is ${facts.platform}`,
      fix: `build the image for ${facts.platform} too, on such a machine or with --platform`,
    },
  ];
}

function networkIssues({settings: {network}}: Deployment, {machine: {host, app}, state}: SurveyedHost): Unsuitable[] {
  if (!app || network === undefined) return [];
  const there = (command: string): string => (isRemote(host) ? `${sshText(host)} ${command}` : command);
  const path = ['network'];
  if (state.facts.network === 'missing')
    return [
      {
        path,
        text: `${isRemote(host) ? hostName(host) : 'this engine'} has no network ${network}`,
        fix: `create it: ${there(`docker network create ${network}`)}; or correct \`network\``,
      },
    ];
  return state.facts.network === 'internal'
    ? [
        {
          path,
          text: `the network ${network} of ${hostName(host)} is internal: ports of containers on it are not published`,
          fix: `name another network, or create it without --internal: ${there('docker network create NAME')}`,
        },
      ]
    : [];
}

function placeIssues(deployment: Deployment, one: SurveyedHost): Unsuitable[] {
  const {settings} = deployment;
  const {
    machine: {host, app, balancer, address: replicasAt},
    state: {facts, balancerState},
  } = one;
  const {address, port, tls, own} = settings.load_balancer;
  const isNew = balancer && balancerState === undefined && own === undefined;
  const taken = (
    isNew ? [{path: ['port'], port}, ...(tls === undefined ? [] : [{path: ['tls', 'port'], port: tls.port}])] : []
  )
    .filter((endpoint) => isTaken({address, port: endpoint.port}, facts))
    .map((endpoint) => ({
      path: ['load_balancer', ...endpoint.path],
      text: `another program listens on ${address}:${endpoint.port} of ${hostName(host)}`,
      fix: `stop it (${sshText(host)} ss -ltnp 'sport = :${endpoint.port}'), or choose another port (0: any free one)`,
    }));
  const foreign = (path: Unsuitable['path'], where: string): Unsuitable[] =>
    isForeign(where, facts)
      ? [
          {
            path,
            text: `${where} is no address of ${hostName(host)}, which has ${[...new Set(facts.addresses)].filter((its) => !its.startsWith('127.')).join(', ')}`,
            fix: 'name an address that the host has itself, not that of a router in front of it; 0.0.0.0 is all of them',
          },
        ]
      : [];
  return [
    ...taken,
    ...(isNew ? foreign(['load_balancer', 'address'], address) : []),
    ...(app && replicasAt !== undefined && hasDedicatedBalancers(settings)
      ? foreign(['hosts', indexOf(deployment, one), 'address'], replicasAt)
      : []),
  ];
}

/** Routes that another service of the same balancer has: it would refuse the configuration. */
function routeIssues(deployment: Deployment, {machine: {host}, state: {facts}}: SurveyedHost): Unsuitable[] {
  const name = stackName(stackOf(deployment));
  const {load_balancer: file} = deployment.settings;
  const own = new Set(routesOf({name, settings: balancerSettings(file)}).map((route) => parted(route).test));
  const taken = facts.routes
    .map(parted)
    .find(({backend, test}) => own.has(test) && backend !== name && backend !== `${name}.acme`);
  if (taken === undefined) return [];
  return [
    {
      path: file.routes.length === 0 ? ['load_balancer'] : ['load_balancer', 'routes'],
      text: `${taken.backend.replace(/\.acme$/, '')} has the same route on the balancer of ${isRemote(host) ? hostName(host) : 'this engine'}`,
      fix: 'give each service a host or a path of its own (load_balancer.routes)',
    },
  ];
}

/** `RANK BACKEND CONDITION` as its backend, and the rest: equal ranks and conditions are the same route. */
function parted(route: string): {readonly backend: string; readonly test: string} {
  const [rank = '', backend = '', ...condition] = route.split(' ');
  return {backend, test: [rank, ...condition].join(' ')};
}
