import {dockerNetworkCreate, dockerNetworkRemove} from '../../commands/docker.ts';
import type {Commands} from '../../shell/argv.ts';
import {sceneLabels, sceneName} from '../../stack/names.ts';
import {sceneOf, type Target} from '../target.ts';
import type {Found} from './state.ts';

/** The network of the environment's containers: its own, or one that the file names and that is somebody else's. */
export const networkOf = (target: Target): string => target.place.network ?? sceneName(sceneOf(target));

/** The network where it is missing. */
export function networkCommands(target: Target, {state}: Found): {commands: Commands; undo: Commands} {
  const scene = sceneOf(target);
  if (state.hasNetwork || target.place.network !== undefined) return {commands: [], undo: []};
  return {commands: [dockerNetworkCreate(sceneName(scene), sceneLabels(scene))], undo: [dockerNetworkRemove(sceneName(scene))]};
}
