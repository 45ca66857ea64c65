import {dockerStart, dockerStop, dockerUpdateRestart} from '../../commands/docker.ts';
import {problem} from '../../errors.ts';
import type {Context} from '../../task.ts';
import type {BalancerState} from '../haproxy-config.ts';
import {sceneName} from '../names.ts';
import {sceneOf} from './deployment.ts';
import type {Deployed, Target} from './deployment.ts';
import {takeLock} from './lock.ts';
import {appsOf, requireBalancer} from './state.ts';
import type {Container, SceneState} from './state.ts';
import {clearLeftovers, readStartingState} from './surroundings.ts';
import {addressOf, awaitHealthy, commit, moveTraffic, retire} from './traffic.ts';

/**
 * Starts the containers of the previous release again and moves the traffic back to them: nothing is pulled,
 * created or migrated. A second rollback returns to where the first one began.
 * @throws Problem `not_deployed`, `no_previous_release`
 */
export async function rollback(context: Context, target: Target): Promise<Deployed> {
  const {run, note} = context;
  const scene = sceneOf(target);
  return run.scope(async (scope) => {
    const {image} = previousOf(await readStartingState(context, target), target);
    await takeLock(context, scope, scene, {image, reason: 'rollback'});
    // Read again: until the lock was ours, another deploy may have changed it.
    const found = await readStartingState(context, target);
    const {current, replicas} = previousOf(found, target);
    await clearLeftovers(context, target, found);
    note(`back to release ${current.previous} of ${sceneName(scene)}: ${image}`);
    const names = replicas.map(({name}) => name);
    const next: BalancerState = {
      ...current,
      release: current.previous,
      previous: current.release,
      slots: replicas.map(({name, replica, half, port}) => ({container: name, replica, half, port})),
    };
    scope.onFailure(dockerStop(target.place.stop_timeout_seconds, ...names));
    scope.onFailure(dockerUpdateRestart('no', ...names));
    await run(dockerUpdateRestart('always', ...names), {capture: true});
    await run(dockerStart(...names), {capture: true});
    await awaitHealthy(context, target, next);
    await moveTraffic(context, scope, target, current, next);
    await commit(context, scope, target, next);
    await retire(context, target, found, current);
    return {...scene, release: next.release, previous: next.previous, image, address: await addressOf(run, scene)};
  });
}

interface Previous {
  /** What the balancer serves now. */
  readonly current: BalancerState;
  /** The containers to go back to, at least one. */
  readonly replicas: readonly Container[];
  readonly image: string;
}

function previousOf(state: SceneState, target: Target): Previous {
  const current = requireBalancer(state, target);
  const replicas = appsOf(state).filter((one) => one.release === current.previous);
  const image = replicas[0]?.image;
  if (current.previous !== 0 && image !== undefined) return {current, replicas, image};
  const {service, environment} = target;
  throw problem({
    code: 'no_previous_release',
    what: `${service.name} in ${environment} has no release before ${current.release} to go back to`,
    fix: `deploy the version you want: entrypoint deploy ${environment} --image=IMAGE`,
  });
}
