import {type ContainerFacts, dockerNetworkCreate, dockerNetworkRemove, dockerRemove, dockerRun} from '../commands/docker.ts';
import type {DeployFile} from '../service/schema.ts';
import type {RunOptions, Scope} from '../shell/index.ts';
import type {Context} from '../task.ts';
import {awaitBackingService, backingServicesOf, startBackingService} from './backing-services.ts';
import {backingName, roleLabels, type Scene, sceneLabels, sceneName} from './names.ts';

/** How the tasks of `before` are run: in which container, and how their output and their failure are told. */
export interface Before {
  readonly container: ContainerFacts;
  readonly told: (task: string) => RunOptions;
}

/**
 * What an image is tried among: a network of the scene's name, the backing services that `test_integration` names in
 * `file` (without one, none), each ready, and the tasks of `before` done. The scope takes all of it away.
 */
export async function bringUpTestSurroundings(context: Context, scope: Scope, scene: Scene, file: DeployFile | undefined, {container, told}: Before): Promise<void> {
  const {run} = context;
  const network = sceneName(scene);
  scope.always(dockerNetworkRemove(network));
  await run(dockerNetworkCreate(network, sceneLabels(scene)), {capture: true});
  if (file === undefined) return;
  const backing = backingServicesOf(file, file.test_integration);
  for (const [name, one] of backing) {
    scope.always(dockerRemove(backingName(scene, name)));
    await startBackingService(context, scene, name, one, {durable: false});
  }
  for (const [name, one] of backing) await awaitBackingService(context, scene, name, one);
  for (const task of file.test_integration.before) {
    const word = task.replaceAll('_', '-');
    const name = `${network}.${word}`;
    scope.onFailure(dockerRemove(name));
    await run(dockerRun({...container, network, name, labels: roleLabels(scene, 'task'), command: [word]}, 'foreground'), told(task));
  }
}
