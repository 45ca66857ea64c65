import {
  type ContainerOptions,
  dockerNetworkCreate,
  dockerNetworkRemove,
  dockerRemove,
  dockerRun,
} from '../commands/docker/index.ts';
import type {DeployFile} from '../service/schema.ts';
import type {RunOptions, Scope} from '../shell/index.ts';
import type {Context} from '../task.ts';
import {awaitBackingService, backingServicesOf, startBackingService} from './backing-services.ts';
import {backingName, roleLabels, type Stack, stackLabels, stackName} from './names.ts';

/** How the tasks of `before` are run: in which container, and how their output and their failure are told. */
export interface Before {
  readonly container: ContainerOptions;
  readonly told: (task: string) => RunOptions;
}

/**
 * What an image is tried among: a network of the stack's name, the backing services that `test_integration` names in
 * `file` (without one, none), each ready, and the tasks of `before` done. The scope takes all of it away.
 */
export async function bringUpTestSurroundings(
  context: Context,
  scope: Scope,
  stack: Stack,
  file: DeployFile | undefined,
  {container, told}: Before,
): Promise<void> {
  const {run} = context;
  const network = stackName(stack);
  scope.always(dockerNetworkRemove(network));
  await run(dockerNetworkCreate(network, stackLabels(stack)), {capture: true});
  if (file === undefined) return;
  const backing = backingServicesOf(file, file.test_integration);
  for (const [name, one] of backing) {
    scope.always(dockerRemove(backingName(stack, name)));
    await startBackingService(context, stack, name, one, {durable: false});
  }
  for (const [name, one] of backing) await awaitBackingService(context, stack, name, one);
  for (const task of file.test_integration.before) {
    const word = task.replaceAll('_', '-');
    const name = `${network}.${word}`;
    scope.onFailure(dockerRemove(name));
    await run(
      dockerRun({...container, network, name, labels: roleLabels(stack, 'task'), command: [word]}, 'foreground'),
      told(task),
    );
  }
}
