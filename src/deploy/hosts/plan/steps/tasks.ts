import {dockerRemove, dockerRun} from '../../../../commands/docker/index.ts';
import type {Host} from '../../../../service/hosts.ts';
import {roleLabels, stackName} from '../../../../stack/names.ts';
import {type Deployment, stackOf, serviceEnvironment} from '../../../target.ts';
import {networkOf} from '../../network.ts';
import type {Step} from './step.ts';

/** Runs a task of the service in the image that is deployed, once, on one host. */
export function taskStep(
  deployment: Deployment,
  phase: 'before' | 'after',
  host: Host,
  task: string,
  release: number,
  baseUrl: string,
): Step {
  const {settings, image} = deployment;
  const stack = stackOf(deployment);
  const word = task.replaceAll('_', '-');
  const name = `${stackName(stack)}.${release}.${word}`;
  return {
    phase,
    host,
    what: `run the task ${task}`,
    commands: [
      dockerRun(
        {
          image,
          name,
          network: networkOf(deployment),
          labels: roleLabels(stack, 'task'),
          environment: {...serviceEnvironment(deployment), BASE_URL: baseUrl},
          secrets: settings.secrets,
          options: settings.docker_options,
          command: [word],
        },
        'foreground',
      ),
    ],
    undo: [dockerRemove(name)],
    shown: true,
    purpose: `the task ${task} failed in ${stackName(stack)}, and the old release ${phase === 'before' ? 'goes on serving' : 'serves again'}`,
    fix:
      phase === 'before'
        ? 'its output above tells why; the users of the service noticed nothing'
        : 'its output above tells why',
  };
}
