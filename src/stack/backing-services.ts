import {dockerRun, dockerVolumeCreate} from '../commands/docker/index.ts';
import {waitUntilReady} from '../commands/host.ts';
import type {BackingService, DeployFile, Surroundings} from '../service/schema.ts';
import type {Commands} from '../shell/argv.ts';
import type {Context} from '../task.ts';
import {withLastLog} from './last-log.ts';
import {backingName, roleLabels, type Stack, stackLabels, stackName, volumeName} from './names.ts';

/** A backing service as one settings wants it: what the file says of it, and what the settings adds. */
export function backingServicesOf(
  file: DeployFile,
  {backing_services: wanted}: Surroundings,
): [string, BackingService][] {
  return Object.entries(wanted).flatMap(([name, {environment, secrets}]) => {
    const declared = file.backing_services[name];
    if (declared === undefined) return [];
    return [
      [
        name,
        {
          ...declared,
          environment: {...declared.environment, ...environment},
          secrets: {...declared.secrets, ...secrets},
        },
      ] as [string, BackingService],
    ];
  });
}

export interface BackingOptions {
  /** Data in named volumes, and a container that comes back by itself: for what is deployed, not for tests. */
  readonly durable: boolean;
  /** Default: the stack's own. */
  readonly network?: string | undefined;
  readonly labels?: Readonly<Record<string, string>>;
}

interface Told {
  readonly commands: Commands;
  readonly purpose: string;
  readonly fix: string;
}

/** What starts one backing service on the network, where it is known by its name. */
export function backingCommands(
  stack: Stack,
  name: string,
  service: BackingService,
  {durable, network = stackName(stack), labels}: BackingOptions,
): Told {
  const volumes = durable ? Object.entries(service.volumes) : [];
  return {
    commands: [
      ...volumes.map(([volume]) => dockerVolumeCreate(volumeName(stack, name, volume), stackLabels(stack))),
      dockerRun(
        {
          image: service.image,
          name: backingName(stack, name),
          network,
          aliases: [name],
          labels: {...roleLabels(stack, 'backing'), 'entrypoint.backing_service': name, ...labels},
          environment: service.environment,
          secrets: service.secrets,
          volumes: volumes.map(([volume, path]) => `${volumeName(stack, name, volume)}:${path}`),
          restart: durable ? 'always' : undefined,
          ...(service.command === undefined ? {} : {command: service.command}),
        },
        'detached',
      ),
    ],
    purpose: `the backing service ${name} could not be started`,
    fix: `check its image in deploy.yaml (${service.image}); the project's own images are made by: npm run images`,
  };
}

/** What waits for the service's own readiness check, run inside its container. */
export const backingReady = (stack: Stack, name: string, service: BackingService): Told => ({
  commands: [waitUntilReady(backingName(stack, name), service.ready, service.ready_timeout_seconds)],
  purpose: `the backing service ${name} is not ready after ${service.ready_timeout_seconds} s`,
  fix: 'see its log above; `ready` in deploy.yaml says what is awaited',
});

export async function startBackingService(
  {run}: Context,
  stack: Stack,
  name: string,
  service: BackingService,
  options: BackingOptions,
): Promise<void> {
  const {commands, ...told} = backingCommands(stack, name, service, options);
  for (const command of commands) await run(command, {capture: true, ...told});
}

export async function awaitBackingService(
  {run}: Context,
  stack: Stack,
  name: string,
  service: BackingService,
): Promise<void> {
  const {commands, ...told} = backingReady(stack, name, service);
  await withLastLog(run, backingName(stack, name), async () => {
    for (const command of commands) await run(command, {capture: true, ...told});
  });
}
