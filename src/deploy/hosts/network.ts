import {dockerNetworkCreate, dockerNetworkRemove} from '../../commands/docker/index.ts';
import type {Commands} from '../../shell/argv.ts';
import {stackLabels, stackName} from '../../stack/names.ts';
import {stackOf, type Target} from '../target.ts';
import type {Found} from './state.ts';

/** The network of the environment's containers: its own, or one that the file names and that is somebody else's. */
export const networkOf = (target: Target): string => target.settings.network ?? stackName(stackOf(target));

/** The network where it is missing. */
export function networkCommands(target: Target, {state}: Found): {commands: Commands; undo: Commands} {
  const stack = stackOf(target);
  if (state.hasNetwork || target.settings.network !== undefined) return {commands: [], undo: []};
  return {
    commands: [dockerNetworkCreate(stackName(stack), stackLabels(stack))],
    undo: [dockerNetworkRemove(stackName(stack))],
  };
}
