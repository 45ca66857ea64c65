import {sshText} from '../../../commands/destination.ts';
import {exitCode, problem} from '../../../errors.ts';
import {hostName, isRemote} from '../../../service/hosts.ts';
import {stackName} from '../../../stack/names.ts';
import {type Deployment, stackOf, type Target} from '../../target.ts';
import {routesOf} from '../balancer/fragment.ts';
import {balancerSettings} from '../balancer/settings.ts';
import type {Fleet} from '../fleet.ts';
import type {EngineHost} from '../machine/engine-host.ts';
import {type FactsQuery, type MachineFacts, type NetworkState, olderPlatforms} from '../machine/facts.ts';
import type {FleetMachine} from '../machines.ts';
import {balancerOf, type SurveyedHost} from '../state.ts';
import {placeIssues, placesFor, reachIssues, type Unsuitable} from './host-places.ts';

// What docker would refuse on a host in the middle of a deploy, and a host can say before.

/**
 * What to ask a machine before a deploy.
 * @param engine where the engine of `local` runs: on another machine, nothing but its networks is known
 */
export function factsFor(target: Target, machine: FleetMachine, engine?: EngineHost): FactsQuery {
  const {settings} = target;
  const {name, own: theirs} = settings.load_balancer;
  const isShared = machine.balancer && (name !== undefined || theirs !== undefined);
  return {
    network: machine.app ? settings.network : undefined,
    ...(isShared ? {shared: balancerOf(target)} : {}),
    ...placesFor(target, machine, engine),
  };
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
        reachIssues(deployment, fleet, one),
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
  const unusable = unusableNetworks[state.facts.network];
  if (unusable === undefined) return [];
  const {text, how} = unusable;
  return [
    {
      path,
      text: `the network ${network} of ${isRemote(host) ? hostName(host) : 'this engine'} ${text}`,
      fix: `name another network, or create one: ${there(`docker network create ${how}NAME`)}`,
    },
  ];
}

const unusableNetworks: Readonly<Partial<Record<NetworkState | '', {readonly text: string; readonly how: string}>>> = {
  internal: {text: 'is internal: ports of containers on it are not published', how: ''},
  driver: {
    text: 'is of a driver that publishes no ports (macvlan, ipvlan, host or none)',
    how: '',
  },
  swarm: {
    text: 'is only for services of the swarm: containers cannot join it',
    how: '--driver overlay --attachable ',
  },
};

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
