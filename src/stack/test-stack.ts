import {
  type ContainerOptions,
  dockerNetworkCreate,
  dockerNetworkRemove,
  dockerRemove,
  dockerRun,
} from '../commands/docker/index.ts';
import type {DeployFile} from '../service/schema/schema.ts';
import type {RunOptions, Scope} from '../shell/index.ts';
import type {Context} from '../task.ts';
import {awaitBackingService, backingServicesOf, startBackingService} from './backing-services.ts';
import {backingName, roleLabels, type Stack, stackLabels, stackName} from './names.ts';

/** What a test stack consists of. */
export interface TestStackOptions {
  /** Whose `test_integration` names the backing services and the `before` tasks; undefined: the network alone. */
  readonly deployFile: DeployFile | undefined;
  /** The container in which each `before` task runs. */
  readonly container: ContainerOptions;
  /** How to run a `before` task. Default: its output is shown, and its failure named by its command. */
  readonly taskOptions?: (task: string) => RunOptions;
}

/**
 * Starts what an image under test needs: a network with the stack's name, the backing services of `test_integration`,
 * and, when these are ready, its `before` tasks. The end of `scope` removes all of it.
 * @throws Problem `command_failed`
 * @example
 * const {deployFile, name} = await readService(context);
 * const stack = {service: name, environment: 'load'};
 * await context.run.scope(async (scope) => {
 *   await startTestStack(context, scope, stack, {deployFile, container: {image: 'buy-service:dev'}});
 *   await context.run(['docker', 'run', '--rm', '--network', stackName(stack), 'buy-service:dev', 'test-load']);
 * });
 */
export async function startTestStack(
  context: Pick<Context, 'run'>,
  scope: Scope,
  stack: Stack,
  {deployFile, container, taskOptions = () => ({})}: TestStackOptions,
): Promise<void> {
  const {run} = context;
  const network = stackName(stack);
  scope.always(dockerNetworkRemove(network));
  await run(dockerNetworkCreate(network, stackLabels(stack)), {capture: true});
  if (deployFile === undefined) return;
  const backing = backingServicesOf(deployFile, deployFile.test_integration);
  for (const [name, service] of backing) {
    scope.always(dockerRemove(backingName(stack, name)));
    await startBackingService(context, stack, {name, service, durable: false});
  }
  for (const [name, service] of backing) await awaitBackingService(context, stack, {name, service});
  for (const task of deployFile.test_integration.before) {
    const word = task.replaceAll('_', '-');
    const name = `${network}.${word}`;
    scope.onFailure(dockerRemove(name));
    await run(
      dockerRun({...container, network, name, labels: roleLabels(stack, 'task'), command: [word]}, 'foreground'),
      taskOptions(task),
    );
  }
}
