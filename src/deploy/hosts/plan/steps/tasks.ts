import {dockerRemove, dockerRun} from '../../../../commands/docker.ts';
import type {Host} from '../../../../service/hosts.ts';
import {roleLabels, sceneName} from '../../../../stack/names.ts';
import {type Deployment, sceneOf, serviceEnvironment} from '../../../target.ts';
import {networkOf} from '../../network.ts';
import type {Step} from './step.ts';

/** Runs a task of the service in the image that is deployed, once, on one host. */
export function taskStep(deployment: Deployment, phase: 'before' | 'after', host: Host, task: string, release: number, baseUrl: string): Step {
  const {place, image} = deployment;
  const scene = sceneOf(deployment);
  const word = task.replaceAll('_', '-');
  const name = `${sceneName(scene)}.${release}.${word}`;
  return {
    phase, host,
    what: `run the task ${task}`,
    commands: [dockerRun({
      image,
      name,
      network: networkOf(deployment),
      labels: roleLabels(scene, 'task'),
      environment: {...serviceEnvironment(deployment), BASE_URL: baseUrl},
      secrets: place.secrets,
      options: place.docker_options,
      command: [word],
    }, 'foreground')],
    undo: [dockerRemove(name)],
    shown: true,
    purpose: `the task ${task} failed in ${sceneName(scene)}, and the old release ${phase === 'before' ? 'goes on serving' : 'serves again'}`,
    fix: phase === 'before' ? 'its output above tells why; the users of the service noticed nothing' : 'its output above tells why',
  };
}
