import {dockerNetworkRemove, dockerRemove, dockerVolumeRemove} from '../../../../commands/docker.ts';
import {sceneName} from '../../../../stack/names.ts';
import {sceneOf} from '../../../target.ts';
import type {Target} from '../../../target.ts';
import {finishStep} from './finish.ts';
import type {Finish} from './finish.ts';
import {hostName} from '../../host.ts';
import type {Round} from '../plan.ts';
import {softStop} from '../../../../commands/host.ts';
import {leaveBalancer} from './traffic.ts';
import type {View} from '../../fleet.ts';

/** Takes everything of the service away from hosts that the file names no longer, the lock last. A volume with data stays. */
function leaveSteps(target: Target, {apart, leaving}: View): Round {
  const scene = sceneOf(target);
  return leaving.map(({machine: {host}, state}) => {
    const names = state.containers.map(({name}) => name);
    const balancer = apart ? undefined : state.containers.find(({role, state: is}) => role === 'balancer' && is === 'running');
    return {
      phase: 'finish', host,
      what: `take away ${names.join(', ')}${state.hasNetwork ? ' and the network' : ''}`,
      commands: [
        // Users may still come to the host: what they have asked for is answered, and then nothing listens there.
        ...(balancer === undefined || target.place.load_balancer.own !== undefined ? [] : [softStop(balancer.name, target.place.drain_timeout_seconds)]),
        ...(apart || state.balancer === undefined ? [] : leaveBalancer(target)),
        dockerRemove(...names, `${sceneName(scene)}.lock`),
        ...(state.hasNetwork ? [dockerNetworkRemove(sceneName(scene))] : []),
        ...(state.log.length === 0 ? [] : [dockerVolumeRemove(...state.log)]),
      ],
      purpose: `what runs on ${hostName(host)}, which deploy.yaml names no longer, could not be taken away`,
    };
  });
}

/** All hosts side by side: whoever begins while some still have their lock is told that it is held. */
export function finishRounds(target: Target, view: View, facts: Finish): Round[] {
  const staying = [...view.apps, ...view.found.filter((one) => !one.machine.app)];
  return [[...staying.map((one) => finishStep(target, one, facts)), ...leaveSteps(target, view)]];
}
