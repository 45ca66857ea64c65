import {dockerNetworkList, dockerNetworkRemove, dockerRemove, dockerVolumeList, dockerVolumeRemove} from '../../commands/docker.ts';
import type {Context} from '../../task.ts';
import {lockName, sceneLabels, sceneName} from '../names.ts';
import {sceneOf} from './deployment.ts';
import type {Target} from './deployment.ts';
import {takeLock} from './lock.ts';
import {each, sitesOf} from './sites.ts';
import {readScene} from './state.ts';

export interface Removed {
  readonly containers: readonly string[];
  readonly volumes: readonly string[];
}

/** Takes away everything that deploys made in the environment; volumes only when asked. Nothing there: nothing done. */
export async function remove(context: Context, target: Target, what: {volumes: boolean}): Promise<Removed> {
  const removed = await each(sitesOf(context, target), (site) => removeFrom(site.context, target, what));
  return {containers: removed.flatMap(({containers}) => containers), volumes: removed.flatMap(({volumes}) => volumes)};
}

async function removeFrom(context: Context, target: Target, {volumes}: {volumes: boolean}): Promise<Removed> {
  const {run} = context;
  const scene = sceneOf(target);
  return run.scope(async (scope) => {
    const {containers} = await readScene(run, scene);
    const image = containers.find(({role}) => role !== 'lock')?.image;
    if (image !== undefined) await takeLock(context, scope, scene, {image, reason: 'remove'});
    const names = containers.map(({name}) => name).filter((name) => name !== lockName(scene));
    if (names.length > 0) await run(dockerRemove(...names), {capture: true});
    const network = await run.read(dockerNetworkList(sceneName(scene)));
    if (network.stdout !== '') await run(dockerNetworkRemove(sceneName(scene)), {capture: true});
    const stored = volumes ? (await run.read(dockerVolumeList(sceneLabels(scene)))).stdout.split('\n').filter((name) => name !== '') : [];
    if (stored.length > 0) await run(dockerVolumeRemove(...stored), {capture: true});
    return {containers: names, volumes: stored};
  });
}
