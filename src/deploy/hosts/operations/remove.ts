import {randomBytes} from 'node:crypto';
import {dockerNetworkRemove, dockerRemove, dockerVolumeRemove} from '../../../commands/docker/index.ts';
import {lockName, stackName} from '../../../stack/names.ts';
import type {Context} from '../../../task.ts';
import {stackOf, type Target} from '../../target.ts';
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
  const {settings} = target;
  const stack = stackOf(target);
  const {found, siteOf} = await survey(context, target);
  const places = found
    .filter(({state}) => state.containers.length > 0)
    .map((one) => ({site: siteOf(one.machine.host), found: one}));
  return context.run.scope(async (scope) => {
    if (places.length > 0) {
      const locks = await takeLocks(context, scope, places, {
        stack,
        reason: 'remove',
        owner: ownerName(context),
        token: randomBytes(4).toString('hex'),
        machines: places.length,
        parallel: settings.parallel,
        patience: settings.drain_timeout_seconds + settings.stop_timeout_seconds,
        imageOn: ({state}) =>
          state.containers.find(({role}) => role !== 'lock')?.image ?? state.containers[0]?.image ?? '',
      });
      await locks.stopRenewing();
    }
    const removed = await each(
      found,
      async (one) => {
        const {commands, ...gone} = removal(target, one, volumes);
        if (commands.length > 0)
          await runOn(siteOf(one.machine.host), commands, {
            capture: true,
            purpose: `what runs on ${one.machine.host} could not be taken away`,
          });
        return gone;
      },
      settings.parallel,
    );
    return {containers: removed.flatMap(({containers}) => containers), volumes: removed.flatMap((one) => one.volumes)};
  });
}

function removal(target: Target, {machine, state}: Found, volumes: boolean) {
  const stack = stackOf(target);
  const containers = state.containers.map(({name}) => name).filter((name) => name !== lockName(stack));
  const stored = volumes ? state.volumes : [];
  const locked = state.containers.length > 0;
  return {
    containers,
    volumes: stored,
    commands: [
      ...(machine.balancer && state.balancerState === 'running' ? leaveBalancer(target) : []),
      ...(containers.length === 0 ? [] : [dockerRemove(...containers)]),
      ...(state.hasNetwork ? [dockerNetworkRemove(stackName(stack))] : []),
      ...(stored.length + state.log.length === 0 ? [] : [dockerVolumeRemove(...stored, ...state.log)]),
      ...(locked ? [dockerRemove(lockName(stack))] : []),
    ],
  };
}
