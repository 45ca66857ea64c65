import {createHash} from 'node:crypto';
import {existsSync} from 'node:fs';
import {homedir} from 'node:os';
import {join} from 'node:path';
import {sshDirectory} from '../commands/ssh.ts';
import {exitCode, problem} from '../errors.ts';
import {requireEngine} from '../image/docker.ts';
import {hasRemoteHosts, type Host, hostName, isRemote} from '../service/hosts.ts';
import type {Environment} from '../service/schema.ts';
import {environmentOf, readService, type Service} from '../service/service.ts';
import type {Stack} from '../stack/names.ts';
import type {Context} from '../task.ts';

/** Where a service is to run. */
export interface Target {
  readonly service: Service;
  readonly environment: string;
  readonly settings: Environment;
}

/**
 * What an environment's name stands for.
 * @throws Problem `bad_deploy_file`, `unknown_environment`, `backing_services_on_many_hosts`, `bad_topology`;
 * `engine_unavailable` where the engine is this machine's and does not answer
 */
export async function readTarget(context: Context, environment: string): Promise<Target> {
  const service = await readService(context);
  const settings = environmentOf(service, environment);
  requireOneDatabase(service, environment, settings);
  requireReachableBalancers(service, environment, settings);
  if (hasRemoteHosts(settings)) await requireSshDirectory(context);
  else await requireEngine(context);
  return {service, environment, settings};
}

async function requireSshDirectory({run, env}: Context): Promise<void> {
  if (!existsSync(join(env['HOME'] ?? homedir(), '.ssh'))) await run(sshDirectory, {capture: true});
}

// Each host would get one of its own, with other data in it.
function requireOneDatabase(
  {name}: Service,
  environment: string,
  {hosts, backing_services: wanted}: Environment,
): void {
  if (hosts.length === 1 || Object.keys(wanted).length === 0) return;
  throw problem({
    code: 'backing_services_on_many_hosts',
    what: `${name} in ${environment} runs on ${hosts.length} hosts, and a backing service (${Object.keys(wanted).join(', ')}) runs on one`,
    fix: 'run it somewhere of its own, and give the service its address by `environment` and `secrets`',
    exitCode: exitCode.badData,
  });
}

function requireReachableBalancers({name}: Service, environment: string, settings: Environment): void {
  const {
    hosts,
    load_balancer: {hosts: balancers, port},
  } = settings;
  if (!hasOwnBalancers(settings)) return;
  const wrong =
    hosts.some(({host}) => !isRemote(host)) || !balancers.every(isRemote)
      ? 'load_balancer.hosts are other machines, which cannot reach what runs on this engine (local)'
      : port === 0
        ? 'load_balancer.hosts needs a load_balancer.port that is the same on each of them, and it is 0'
        : undefined;
  if (wrong === undefined) return;
  throw problem({
    code: 'bad_topology',
    what: `${name} in ${environment}: ${wrong}`,
    fix: 'correct deploy.yaml; docs/deploy.md tells both ways',
    exitCode: exitCode.badData,
  });
}

/** What is deployed where. */
export interface Deployment extends Target {
  /** By digest or id: what runs must be exactly what was tested. */
  readonly image: string;
  /** Empty where the image's own label says it. */
  readonly commit: string;
}

/** What came of a deploy or a rollback. */
export interface Deployed {
  readonly service: string;
  readonly environment: string;
  readonly release: number;
  /** The release to go back to; 0 when there is none. */
  readonly previous: number;
  readonly image: string;
  /** `http://127.0.0.1:49153`: where the first balancer answers; empty in a dry run. */
  readonly address: string;
  /** Where each balancer answers. */
  readonly addresses: readonly string[];
  /** Hosts that were left out because they could not be reached. */
  readonly skipped: readonly string[];
}

export const stackOf = ({service, environment}: Target): Stack => ({service: service.name, environment});

/** The environment of the service's containers: the port, and what deploy.yaml says. */
export function serviceEnvironment({service, settings}: Target): Record<string, string> {
  return {PORT: String(service.deployFile.port), ...settings.environment};
}

/** Tells whether a container was started with other settings than the file has now. */
export function settingsHash(settings: unknown): string {
  return createHash('sha256').update(JSON.stringify(settings)).digest('hex').slice(0, 12);
}

/** What of the file a replica depends on. */
export function replicaSettings({
  service: {
    deployFile: {port, health},
  },
  settings,
}: Target): string {
  const {environment, secrets, memory, cpus, log, volumes, labels, network, docker_options: options} = settings;
  return settingsHash({port, health, environment, secrets, memory, cpus, log, volumes, labels, network, options});
}

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
export const hasOwnBalancers = ({load_balancer: {hosts}}: Pick<Environment, 'load_balancer'>): boolean =>
  hosts.length > 0;

/**
 * Do the balancers reach replicas at ports of their hosts? One in a container on the same host reaches them by their
 * names; one elsewhere, and one of the user's own, which is no container, do not.
 */
export const needsPorts = (settings: Pick<Environment, 'load_balancer'>): boolean =>
  hasOwnBalancers(settings) || settings.load_balancer.own !== undefined;

/** The machines that the file names: app hosts in their order, then those that only balance. */
export function machinesOf(settings: Pick<Environment, 'hosts' | 'load_balancer'>): Machine[] {
  const apart = hasOwnBalancers(settings);
  const balancers = settings.load_balancer.hosts;
  const apps = settings.hosts.map(({host, address}) => ({
    host,
    address,
    key: apart ? hostName(host) : '',
    app: true,
    balancer: !apart || balancers.includes(host),
    leaves: false,
  }));
  const others = balancers.filter((host) => !settings.hosts.some((one) => one.host === host));
  return [
    ...apps,
    ...others.map((host) => ({host, key: '', address: undefined, app: false, balancer: true, leaves: false})),
  ];
}

/** A machine that an earlier deploy used and that the file names no longer. */
export const leavingMachine = (settings: Pick<Environment, 'load_balancer'>, host: Host): Machine => ({
  host,
  key: hasOwnBalancers(settings) ? hostName(host) : '',
  address: undefined,
  app: true,
  balancer: true,
  leaves: true,
});

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
