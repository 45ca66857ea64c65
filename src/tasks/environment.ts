import {option} from '../option.ts';

/** The option of every task that works on a deployed service. */
export const environmentOption = option.string('name of an environment in deploy.yaml', {
  default: 'local',
  positional: true,
  valueName: 'NAME',
});
