import {dockerRemove, dockerRun} from '../../../../commands/docker/index.ts';
import type {Host} from '../../../../service/hosts.ts';
import {roleLabels, stackName} from '../../../../stack/names.ts';
import {type Deployment, stackOf, serviceEnvironment} from '../../../target.ts';
import {networkOf} from '../../stack-network.ts';
import type {Releases} from './replicas.ts';
import {keepsServing, servesAgain, type Step} from './step.ts';
import {volumeMounts} from './volumes.ts';

/**
 * Runs a task of the service once, on one host, in the image to deploy, with the volumes of that host.
 * @param baseUrl the service's URL, as `BASE_URL`
 */
export function taskStep(
  deployment: Deployment,
  phase: 'before' | 'after',
  host: Host,
  task: string,
  releases: Releases,
  baseUrl: string,
): Step {
  const {settings, image} = deployment;
  const stack = stackOf(deployment);
  const word = task.replaceAll('_', '-');
  const name = `${stackName(stack)}.${releases.release}.${word}`;
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
          volumes: volumeMounts(deployment),
          options: settings.docker_options,
          command: [word],
        },
        'foreground',
      ),
    ],
    undo: [dockerRemove(name)],
    shown: true,
    purpose: `task ${task} failed in ${stackName(stack)}; ${phase === 'before' ? keepsServing(releases) : servesAgain(releases)}`,
    fix: 'see its output above',
  };
}
