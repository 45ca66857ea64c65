import type {Colour} from '../../../../../src/deploy/hosts/balancer/state.ts';
import {parseHostState} from '../../../../../src/deploy/hosts/host-query.ts';
import {machinesOf} from '../../../../../src/deploy/hosts/machines.ts';
import {planDeploy} from '../../../../../src/deploy/hosts/plan/deploy.ts';
import {type Plan} from '../../../../../src/deploy/hosts/plan/plan.ts';
import {balancerHash} from '../../../../../src/deploy/hosts/plan/steps/balancer.ts';
import type {SurveyedHost} from '../../../../../src/deploy/hosts/state.ts';
import type {Deployment} from '../../../../../src/deploy/target.ts';
import {parseDeployFile} from '../../../../../src/service/deploy-file.ts';
import {commandText} from '../../../../../src/shell/argv.ts';
import {configOf, container, type Seen, stateText} from '../stack.ts';

export const entry = {token: '0a1b2c3d', what: 'deploy', owner: 'jo@laptop', at: '2026-01-02T03:04:05.000Z'};
export const image = 'r:5000/shop@sha256:new';

export function deploymentOf(settings: string, health = '/readyz'): Deployment {
  const deployFile = parseDeployFile(`service: shop\nhealth: ${health}\nenvironments: {local: {${settings}}}`);
  const local = deployFile.environments['local'];
  if (local === undefined) throw new Error('no such environment');
  return {
    service: {name: 'shop', directory: '/service', deployFile, registry: undefined},
    environment: 'local',
    settings: local,
    image,
    commit: '',
  };
}

export const two = deploymentOf('hosts: [d@h1, d@h2], load_balancer: {address: 0.0.0.0, port: 80}');
export const dedicated = deploymentOf(
  'hosts: [d@h1, {host: d@h2, address: 10.9.0.2}], load_balancer: {address: 0.0.0.0, port: 80, hosts: [d@lb1, d@lb2]}',
);

/** The machines of a deployment with their states. */
export function fleet(deployment: Deployment, seen: Readonly<Record<string, Seen>> = {}): SurveyedHost[] {
  return machinesOf(deployment.settings).map((machine) => surveyed(deployment, machine, seen[machine.host] ?? {}));
}

export function surveyed(deployment: Deployment, machine: SurveyedHost['machine'], seen: Seen): SurveyedHost {
  const address = `10.0.0.${machine.host.length + Number(machine.host.at(-1))}`;
  const stack = {service: 'shop', environment: deployment.environment};
  return {
    machine,
    state: parseHostState(stateText({address, ...seen}), {
      stack,
      balancer: machine.balancer ? 'shop.local.balancer' : undefined,
      images: [],
      network: true,
    }),
  };
}

export const plan = (deployment: Deployment, all: readonly SurveyedHost[], batch: string | number = 'all'): Plan =>
  planDeploy(deployment, all, {batch, watchSeconds: 0, entry});
/** `phase host`, round by round. */
export const phases = ({first, rounds, finish}: Plan): string[] =>
  [...first, ...rounds, ...finish].map((round) =>
    round.map(({phase, host}) => `${phase} ${host.replace('d@', '')}`).join(', '),
  );
export const commandsOf = ({rounds}: Plan, phase: string, host: string): string[] =>
  rounds
    .flat()
    .filter((step) => step.phase === phase && step.host === `d@${host}`)
    .flatMap(({commands}) => commands.map((one) => commandText(one).replace(/ <<'END'[^]*/, ' <FILE')));

export const slot = (host: string, release: number, colour: Colour, port: number) => ({
  host,
  replica: 1,
  colour,
  container: `shop.local.${release}.1`,
  address: host === 'h1' ? '10.0.0.5' : '10.9.0.2',
  port,
});
export const app = (release: number, state: string, half: string, published: string, hosts = 'd@h1,d@h2'): string =>
  container(`shop.local.${release}.1`, state, {release: String(release), replica: '1', half, published, hosts});
export const balancerRow = (deployment: Deployment, lb = ''): string =>
  container('shop.local.balancer', 'running', {role: 'balancer', settings: balancerHash(deployment), lb});
export const holding = (deployment: Deployment, release: number, colour: Colour): Seen => ({
  containers: [balancerRow(deployment)],
  balancer: configOf({
    release,
    previous: release - 1,
    hosts: ['h1', 'h2'],
    slots: [slot('h1', release, colour, 20_001), slot('h2', release, colour, 20_001)],
  }),
});
export const replica = (release: number, half: string, state: string, health: string): string =>
  container(`shop.local.${release}.1`, state, {release: String(release), replica: '1', half, health});
export const slotsOf = (release: number, colour: Colour) => [
  {host: '', replica: 1, colour, container: `shop.local.${release}.1`, address: `shop.local.${release}.1`, port: 3000},
];
