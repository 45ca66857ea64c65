import type {Place} from '../../config/schema.ts';
import {placeOf, readService} from '../../config/service.ts';
import type {Service} from '../../config/service.ts';
import {requireEngine} from '../../docker-client.ts';
import type {Context} from '../../task.ts';
import type {Scene} from '../names.ts';

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
  await requireEngine(context.run);
  return {service, environment, place};
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
  /** `http://127.0.0.1:49153`; empty in a dry run. */
  readonly address: string;
}

export const sceneOf = ({service, environment}: Target): Scene => ({service: service.name, environment});

/** The environment of the service's containers: the port, and what deploy.yaml says. */
export function serviceEnvironment({service, place}: Target): Record<string, string> {
  return {PORT: String(service.deployFile.port), ...place.environment};
}
