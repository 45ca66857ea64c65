import {randomBytes} from 'node:crypto';
import {dockerNetworkRemove, dockerRemove, dockerVolumeRemove} from '../../../commands/docker.ts';
import {lockName, sceneName} from '../../../stack/names.ts';
import type {Context} from '../../../task.ts';
import {sceneOf, type Target} from '../../target.ts';
import {each, runOn} from '../host.ts';
import {ownerName, takeLocks} from '../lock.ts';
import {leaveBalancer} from '../plan/steps/traffic.ts';
import type {Found} from '../state.ts';
import {survey} from '../survey.ts';

export interface Removed {
  readonly containers: readonly string[];
  readonly volumes: readonly string[];
}

/** Takes away everything that deploys made in the environment; volumes with data only when asked. Nothing there: nothing done. */
export async function remove(context: Context, target: Target, {volumes}: {volumes: boolean}): Promise<Removed> {
  const {place} = target;
  const scene = sceneOf(target);
  const {found, siteOf} = await survey(context, target);
  const places = found.filter(({state}) => state.containers.length > 0).map((one) => ({site: siteOf(one.machine.host), found: one}));
  return context.run.scope(async (scope) => {
    if (places.length > 0) {
      const locks = await takeLocks(context, scope, places, {
        scene, reason: 'remove', owner: ownerName(context), token: randomBytes(4).toString('hex'), machines: places.length, parallel: place.parallel, patience: place.drain_timeout_seconds + place.stop_timeout_seconds,
        imageOn: ({state}) => state.containers.find(({role}) => role !== 'lock')?.image ?? state.containers[0]?.image ?? '',
      });
      await locks.stopRenewing();
    }
    const removed = await each(found, async (one) => {
      const {commands, ...gone} = removal(target, one, volumes);
      if (commands.length > 0) await runOn(siteOf(one.machine.host), commands, {capture: true, purpose: `what runs on ${one.machine.host} could not be taken away`});
      return gone;
    }, place.parallel);
    return {containers: removed.flatMap(({containers}) => containers), volumes: removed.flatMap((one) => one.volumes)};
  });
}

function removal(target: Target, {machine, state}: Found, volumes: boolean) {
  const scene = sceneOf(target);
  const containers = state.containers.map(({name}) => name).filter((name) => name !== lockName(scene));
  const stored = volumes ? state.volumes : [];
  const locked = state.containers.length > 0;
  return {
    containers,
    volumes: stored,
    commands: [
      ...(machine.balancer && state.balancerState === 'running' ? leaveBalancer(target) : []),
      ...(containers.length === 0 ? [] : [dockerRemove(...containers)]),
      ...(state.hasNetwork ? [dockerNetworkRemove(sceneName(scene))] : []),
      ...(stored.length + state.log.length === 0 ? [] : [dockerVolumeRemove(...stored, ...state.log)]),
      ...(locked ? [dockerRemove(lockName(scene))] : []),
    ],
  };
}
