import {dockerRun, dockerVolumeCreate} from '../commands/docker.ts';
import {waitUntilReady} from '../commands/wait.ts';
import type {BackingService, DeployFile, Surroundings} from '../config/schema.ts';
import type {Context} from '../task.ts';
import {withLastLog} from './last-log.ts';
import {backingName, roleLabels, sceneLabels, sceneName, volumeName} from './names.ts';
import type {Scene} from './names.ts';

/** A backing service as one place wants it: what the file says of it, and what the place adds. */
export function backingServicesOf(file: DeployFile, {backing_services: wanted}: Surroundings): [string, BackingService][] {
  return Object.entries(wanted).flatMap(([name, {environment, secrets}]) => {
    const declared = file.backing_services[name];
    if (declared === undefined) return [];
    return [[name, {
      ...declared,
      environment: {...declared.environment, ...environment},
      secrets: {...declared.secrets, ...secrets},
    }] as [string, BackingService]];
  });
}

export interface BackingOptions {
  /** Data in named volumes, and a container that comes back by itself: for what is deployed, not for tests. */
  readonly durable: boolean;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Starts one backing service on the scene's network, where it is known by its name. */
export async function startBackingService({run}: Context, scene: Scene, name: string, service: BackingService, {durable, labels}: BackingOptions): Promise<void> {
  const volumes = durable ? Object.entries(service.volumes) : [];
  for (const [volume] of volumes) {
    await run(dockerVolumeCreate(volumeName(scene, name, volume), sceneLabels(scene)), {capture: true});
  }
  await run(dockerRun({
    image: service.image,
    name: backingName(scene, name),
    network: sceneName(scene),
    aliases: [name],
    labels: {...roleLabels(scene, 'backing'), 'entrypoint.backing_service': name, ...labels},
    environment: service.environment,
    secrets: service.secrets,
    volumes: volumes.map(([volume, path]) => `${volumeName(scene, name, volume)}:${path}`),
    restart: durable ? 'always' : undefined,
    ...(service.command === undefined ? {} : {command: service.command}),
  }, 'detached'), {
    capture: true,
    purpose: `the backing service ${name} could not be started`,
    fix: `check its image in deploy.yaml (${service.image}); the project's own images are made by: npm run images`,
  });
}

/** Waits for the service's own readiness check, run inside its container. */
export async function awaitBackingService(context: Context, scene: Scene, name: string, service: BackingService): Promise<void> {
  const container = backingName(scene, name);
  await withLastLog(context.run, container, () =>
    context.run(waitUntilReady(container, service.ready, service.ready_timeout_seconds), {
      capture: true,
      purpose: `the backing service ${name} is not ready after ${service.ready_timeout_seconds} s`,
      fix: `see its log above; \`ready\` in deploy.yaml says what is awaited`,
    }));
}
