import {sshFolder} from '../../commands/ssh.ts';
import type {Place} from '../../config/schema.ts';
import {placeOf, readService} from '../../config/service.ts';
import type {Service} from '../../config/service.ts';
import {requireEngine} from '../../docker-client.ts';
import {exitCode, problem} from '../../errors.ts';
import type {Context} from '../../task.ts';
import type {Scene} from '../names.ts';
import {isRemote} from './host.ts';
import {each, sitesOf} from './sites.ts';

/** Where a service is to run. */
export interface Target {
  readonly service: Service;
  readonly environment: string;
  readonly place: Place;
}

/**
 * What an environment's name stands for, on an engine that answers.
 * @throws Problem `bad_deploy_file`, `unknown_environment`, `engine_unavailable`
 */
export async function readTarget(context: Context, environment: string): Promise<Target> {
  const service = await readService(context);
  const place = placeOf(service, environment);
  requireOneDatabase(service, environment, place);
  const target = {service, environment, place};
  if (place.hosts.some(isRemote)) await context.run(sshFolder, {capture: true});
  await each(sitesOf(context, target), ({context: {run}}) => requireEngine(run));
  return target;
}

// Each host would get one of its own, with other data in it.
function requireOneDatabase({name}: Service, environment: string, {hosts, backing_services: wanted}: Place): void {
  if (hosts.length === 1 || Object.keys(wanted).length === 0) return;
  throw problem({
    code: 'backing_services_on_many_hosts',
    what: `${name} in ${environment} runs on ${hosts.length} hosts, and a backing service (${Object.keys(wanted).join(', ')}) runs on one`,
    fix: 'run it somewhere of its own, and give the service its address by `environment` and `secrets`',
    exitCode: exitCode.badData,
  });
}

/** What is deployed where. */
export interface Deployment extends Target {
  /** By digest or id: what runs must be exactly what was tested. */
  readonly image: string;
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
  /** `http://127.0.0.1:49153`: where the first host answers; empty in a dry run. */
  readonly address: string;
  /** Where each host answers. */
  readonly addresses: readonly string[];
}

export const sceneOf = ({service, environment}: Target): Scene => ({service: service.name, environment});

/** The environment of the service's containers: the port, and what deploy.yaml says. */
export function serviceEnvironment({service, place}: Target): Record<string, string> {
  return {PORT: String(service.deployFile.port), ...place.environment};
}
