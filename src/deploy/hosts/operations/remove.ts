import {randomBytes} from 'node:crypto';
import {dockerNetworkRemoveIfThere, dockerRemove, dockerVolumeRemove} from '../../../commands/docker/index.ts';
import {releaseLock} from '../../../commands/host.ts';
import {mapEach} from '../../../shell/concurrency.ts';
import {lockName, stackName} from '../../../stack/names.ts';
import type {Context} from '../../../task.ts';
import {stackOf, type Target} from '../../target.ts';
import {runOn, stepOn} from '../connection.ts';
import {ownerName} from '../deployer.ts';
import {takeLocks} from '../lock.ts';
import {allImages, removeImages} from '../plan/steps/images.ts';
import {leaveBalancer} from '../plan/steps/traffic.ts';
import type {SurveyedHost} from '../state.ts';
import {survey} from '../survey.ts';

/** What {@link remove} removes besides containers. */
export interface RemoveOptions {
  /** Also the volumes with data. Default false. */
  readonly volumes?: boolean | undefined;
}

/** Names of what was removed. */
export interface Removed {
  readonly containers: readonly string[];
  readonly volumes: readonly string[];
}

/**
 * Removes everything deployed to an environment, and its images that nothing else uses. Does nothing where there is nothing.
 * @throws Problem `locked`, `host_unreachable`
 */
export async function remove(
  context: Context,
  target: Target,
  {volumes = false}: RemoveOptions = {},
): Promise<Removed> {
  const {settings} = target;
  const stack = stackOf(target);
  const {surveyed, connectionTo} = await survey(context, target);
  const hosts = surveyed
    .filter(({state}) => state.containers.length > 0)
    .map((one) => ({connection: connectionTo(one.machine.host), surveyed: one}));
  return context.run.scope(async (scope) => {
    if (hosts.length > 0) {
      const locks = await takeLocks(context, scope, hosts, {
        stack,
        reason: 'remove',
        owner: ownerName(context),
        token: randomBytes(4).toString('hex'),
        machines: hosts.length,
        parallel: settings.parallel,
        graceSeconds: settings.drain_timeout_seconds + settings.stop_timeout_seconds,
        imageOn: ({state}) =>
          state.containers.find(({role}) => role !== 'lock')?.image ?? state.containers[0]?.image ?? '',
      });
      await locks.stopRenewing();
    }
    const removed = await mapEach(
      surveyed,
      async (one) => {
        const {host} = one.machine;
        const {commands, ...names} = removal(target, one, volumes);
        if (commands.length > 0)
          await stepOn(connectionTo(host), `remove ${stackName(stack)}`, (connection) =>
            runOn(connection, commands, {
              capture: true,
              purpose: `cannot remove ${stackName(stack)} from ${host}`,
            }),
          );
        return names;
      },
      settings.parallel,
    );
    return {containers: removed.flatMap(({containers}) => containers), volumes: removed.flatMap((one) => one.volumes)};
  });
}

function removal(target: Target, {machine, state}: SurveyedHost, volumes: boolean) {
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
      ...(state.hasNetwork ? [dockerNetworkRemoveIfThere(stackName(stack))] : []),
      ...(stored.length + state.log.length === 0 ? [] : [dockerVolumeRemove(...stored, ...state.log)]),
      ...(locked ? [releaseLock(lockName(stack))] : []),
      // After the lock, which is a container of one of them.
      ...removeImages(target, allImages(state)),
    ],
  };
}
