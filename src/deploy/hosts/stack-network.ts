import {dockerNetworkCreate, dockerNetworkRemove} from '../../commands/docker/index.ts';
import type {Commands} from '../../shell/argv.ts';
import {stackLabels, stackName} from '../../stack/names.ts';
import {stackOf, type Target} from '../target.ts';
import type {SurveyedHost} from './state.ts';

/** The network of the environment's containers: its own, or an existing one that deploy.yaml names. */
export const networkOf = (target: Target): string => target.settings.network ?? stackName(stackOf(target));

/** Creates the environment's own network if it is missing. */
export function networkCommands(target: Target, {state}: SurveyedHost): {commands: Commands; undo: Commands} {
  const stack = stackOf(target);
  if (state.hasNetwork || target.settings.network !== undefined) return {commands: [], undo: []};
  return {
    commands: [dockerNetworkCreate(stackName(stack), stackLabels(stack))],
    undo: [dockerNetworkRemove(stackName(stack))],
  };
}
