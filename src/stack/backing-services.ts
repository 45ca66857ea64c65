import {dockerRun, dockerVolumeCreate} from '../commands/docker/index.ts';
import {waitUntilReady} from '../commands/host.ts';
import {ownImageFix} from '../service/schema/image-name.ts';
import type {BackingService, DeployFile, StackSettings} from '../service/schema/schema.ts';
import type {Commands} from '../shell/argv.ts';
import type {Context} from '../task.ts';
import {withLastLog} from './last-log.ts';
import {backingName, roleLabels, type Stack, stackLabels, stackName, volumeName} from './names.ts';

/** The backing services that `settings` names, each as the file declares it plus the variables and secrets of `settings`. */
export function backingServicesOf(
  file: DeployFile,
  {backing_services: wanted}: StackSettings,
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
  /** Keeps data in named volumes and restarts the container with the engine: for an environment, not for tests. */
  readonly durable: boolean;
  /** Default: the stack's own. */
  readonly network?: string | undefined;
  /** Labels besides the stack's own. Default: none. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** Commands with the words for their failure. */
interface BackingCommands {
  readonly commands: Commands;
  readonly purpose: string;
  readonly fix: string;
}

/** Starts one backing service on the network, where its name is its host name. */
export function backingCommands(
  stack: Stack,
  name: string,
  service: BackingService,
  {durable, network = stackName(stack), labels}: BackingOptions,
): BackingCommands {
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
    purpose: `cannot start the backing service ${name}`,
    fix: ownImageFix(service.image) ?? `check its settings in deploy.yaml, and its image: ${service.image}`,
  };
}

/** Waits for the service's own readiness check, which runs in its container. */
export const backingReady = (stack: Stack, name: string, service: BackingService): BackingCommands => ({
  commands: [waitUntilReady(backingName(stack, name), service.ready, service.ready_timeout_seconds)],
  purpose: `the backing service ${name} is not ready after ${service.ready_timeout_seconds} s`,
  fix: 'see its log above, and `ready` in deploy.yaml',
});

/** One backing service and its name in deploy.yaml, which is its host name on the network. */
export interface NamedBackingService {
  readonly name: string;
  readonly service: BackingService;
}

/**
 * Starts the container of one backing service; {@link awaitBackingService} waits until it is ready.
 * @throws Problem `command_failed`
 * @example
 * const stack = {service: 'buy-service', environment: 'load'};
 * for (const [name, service] of backingServicesOf(deployFile, deployFile.test_integration))
 *   await startBackingService(context, stack, {name, service, durable: false});
 */
export async function startBackingService(
  {run}: Pick<Context, 'run'>,
  stack: Stack,
  {name, service, ...options}: NamedBackingService & BackingOptions,
): Promise<void> {
  const {commands, ...failure} = backingCommands(stack, name, service, options);
  for (const command of commands) await run(command, {capture: true, ...failure});
}

/**
 * Waits until the `ready` command of a backing service exits 0, at most its `ready_timeout_seconds`.
 * @throws Problem `command_failed`, with the last lines of the container's log
 */
export async function awaitBackingService(
  {run}: Pick<Context, 'run'>,
  stack: Stack,
  {name, service}: NamedBackingService,
): Promise<void> {
  const {commands, ...failure} = backingReady(stack, name, service);
  await withLastLog(run, backingName(stack, name), async () => {
    for (const command of commands) await run(command, {capture: true, ...failure});
  });
}
