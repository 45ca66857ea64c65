import {createHash} from 'node:crypto';
import {exitCode, problem} from '../errors.ts';
import {requireEngine} from '../image/engine.ts';
import {hasRemoteHosts, isRemote} from '../service/hosts.ts';
import type {LogSettings} from '../service/log/check.ts';
import {aliveEnvironment, type HealthCheck, healthCheckOf, usersHost} from '../service/schema/health-check.ts';
import type {Environment} from '../service/schema/schema.ts';
import {environmentOf, readService, type Service} from '../service/service.ts';
import type {Stack} from '../stack/names.ts';
import type {Context} from '../task.ts';
import {findSocketDirectory, isThere} from './sockets.ts';

/** A service and the environment to run it in. */
export interface Target {
  readonly service: Service;
  /** A name below `environments` in deploy.yaml. */
  readonly environment: string;
  readonly settings: Environment;
  /** `linux/amd64`: that of this machine's engine, if the environment uses it. */
  readonly enginePlatform?: string | undefined;
}

/**
 * Reads deploy.yaml's settings of an environment.
 * @throws Problem `bad_deploy_file`, `unknown_environment`, `backing_services_on_many_hosts`, `bad_topology`;
 * `engine_unavailable` if the environment uses this machine's engine and that does not answer
 * @example
 * const target = await readTarget(context, 'prod');
 * await rollBackRelease(context, target);
 */
export async function readTarget(context: Context, environment: string): Promise<Target> {
  const service = await readService(context);
  const settings = environmentOf(service, environment);
  requireOneDatabase(service, environment, settings);
  requireReachableBalancers(service, environment, settings);
  if (!hasRemoteHosts(settings)) return {service, environment, settings, enginePlatform: await requireEngine(context)};
  await requireSocketDirectory(context);
  return {service, environment, settings};
}

// A user who never ran ssh has no ~/.ssh, which holds the sockets of shared connections.
async function requireSocketDirectory({run, env, note}: Context): Promise<void> {
  const found = findSocketDirectory(env);
  if (found === undefined)
    note('connections to hosts are not shared, which takes longer: no directory is writable for their sockets');
  else if (!isThere(found)) await run(found.create, {capture: true});
}

// On several hosts, each would get a database of its own, with other data in it.
function requireOneDatabase(
  {name, placeOf}: Service,
  environment: string,
  {hosts, backing_services: wanted}: Environment,
): void {
  if (hosts.length === 1 || Object.keys(wanted).length === 0) return;
  throw problem({
    code: 'backing_services_on_many_hosts',
    what: `${name} in ${environment} has backing services (${Object.keys(wanted).join(', ')}), which need a single host, but ${hosts.length} hosts`,
    details: placeOf === undefined ? [] : [placeOf(['environments', environment, 'backing_services'])],
    fix: 'run them elsewhere, and give the service their addresses in `environment` and `secrets`',
    exitCode: exitCode.badData,
  });
}

/** Whether balancers run on machines of their own, each in front of all replicas. */
export const hasDedicatedBalancers = ({load_balancer: {hosts}}: Pick<Environment, 'load_balancer'>): boolean =>
  hosts.length > 0;

function requireReachableBalancers({name, placeOf}: Service, environment: string, settings: Environment): void {
  const {
    hosts,
    load_balancer: {hosts: balancers, port},
  } = settings;
  if (!hasDedicatedBalancers(settings)) return;
  const wrong =
    hosts.some(({host}) => !isRemote(host)) || !balancers.every(isRemote)
      ? 'load_balancer.hosts are other machines, which cannot reach replicas on this engine (local)'
      : port === 0
        ? 'load_balancer.hosts needs a fixed load_balancer.port, not 0'
        : undefined;
  if (wrong === undefined) return;
  throw problem({
    code: 'bad_topology',
    what: `${name} in ${environment}: ${wrong}`,
    details:
      placeOf === undefined
        ? []
        : [placeOf(['environments', environment, 'load_balancer', port === 0 ? 'port' : 'hosts'])],
    fix: 'correct deploy.yaml; docs/deploy.md describes both topologies',
    exitCode: exitCode.badData,
  });
}

/**
 * Whether balancers reach replicas at published ports. A balancer in a container on the replicas' host reaches them by
 * name; one on another machine, and the user's own HAProxy, which is no container, do not.
 */
export const needsPorts = (settings: Pick<Environment, 'load_balancer'>): boolean =>
  hasDedicatedBalancers(settings) || settings.load_balancer.own !== undefined;

/** An image to deploy to a target. */
export interface Deployment extends Target {
  /** By digest or id: what was tested is what runs. */
  readonly image: string;
  /** The commit it was built from; empty if the image's own label holds it. */
  readonly commit: string;
  /** The platforms that it is built for, such as `linux/amd64`. Default: not known. */
  readonly platforms?: readonly string[] | undefined;
}

/** The result of a deploy or a rollback. */
export interface Deployed {
  readonly service: string;
  readonly environment: string;
  readonly release: number;
  /** The release that a rollback returns to; 0 for none. */
  readonly previous: number;
  readonly image: string;
  /** `http://127.0.0.1:49153`: the URL of the first balancer; empty in a dry run. */
  readonly address: string;
  /** The URLs of all balancers. */
  readonly addresses: readonly string[];
  /** Unreachable hosts, which were left out. */
  readonly skipped: readonly string[];
}

export const stackOf = ({service, environment}: Target): Stack => ({service: service.name, environment});

/** How the health of the environment's replicas is checked. */
export const healthCheck = ({service, settings}: Pick<Target, 'service' | 'settings'>): HealthCheck =>
  healthCheckOf(service.deployFile.health, usersHost(settings.load_balancer));

/** The variables of the service's containers: the port, what HEALTHCHECK asks, and those of deploy.yaml. */
export function serviceEnvironment(target: Target): Record<string, string> {
  const {service, settings} = target;
  return {
    PORT: String(service.deployFile.port),
    ...aliveEnvironment(healthCheck(target), service.deployFile.check.alive),
    ...settings.environment,
  };
}

/** A hash of settings, stored on a container to detect later changes of deploy.yaml. */
export function settingsHash(settings: unknown): string {
  return createHash('sha256').update(JSON.stringify(settings)).digest('hex').slice(0, 12);
}

/** What of `log` a replica is started with. */
export function logSettings({log}: Pick<Environment, 'log'>): LogSettings | undefined {
  if (log === undefined) return undefined;
  const {driver, options, secrets} = log;
  return {driver, ...(options === undefined ? {} : {options}), ...(secrets === undefined ? {} : {secrets})};
}

/** A hash of the settings that a replica depends on. */
export function replicaSettings({
  service: {
    deployFile: {port, health},
  },
  settings,
}: Target): string {
  const {environment, secrets, memory, cpus, volumes, labels, network, docker_options: options} = settings;
  const log = logSettings(settings);
  return settingsHash({port, health, environment, secrets, memory, cpus, log, volumes, labels, network, options});
}
