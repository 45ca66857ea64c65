import {dockerStart, dockerStop, dockerUpdateRestart} from '../../commands/docker.ts';
import {problem} from '../../errors.ts';
import type {Context} from '../../task.ts';
import type {BalancerState} from '../haproxy-config.ts';
import {sceneName} from '../names.ts';
import {sceneOf} from './deployment.ts';
import type {Deployed, Target} from './deployment.ts';
import {takeLock} from './lock.ts';
import {appsOf} from './state.ts';
import type {Container, SceneState} from './state.ts';
import {readStartingState} from './surroundings.ts';
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
    const found = await readStartingState(context, target);
    const current = requireBalancer(found, target);
    const replicas = requirePrevious(found, target, current);
    const image = replicas[0]?.image ?? '';
    await takeLock(context, scope, scene, {image, reason: 'rollback'});
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

/** @throws Problem `not_deployed` */
export function requireBalancer(state: SceneState, {service, environment}: Target): BalancerState {
  if (state.balancer !== undefined && state.balancer.release > 0) return state.balancer;
  throw problem({
    code: 'not_deployed',
    what: `${service.name} is not deployed in ${environment}`,
    fix: `entrypoint deploy ${environment}`,
  });
}

function requirePrevious(state: SceneState, {service, environment}: Target, {release, previous}: BalancerState): Container[] {
  const replicas = appsOf(state).filter((one) => one.release === previous);
  if (previous !== 0 && replicas.length > 0) return replicas;
  throw problem({
    code: 'no_previous_release',
    what: `${service.name} in ${environment} has no release before ${release} to go back to`,
    fix: `deploy the version you want: entrypoint deploy ${environment} --image=IMAGE`,
  });
}
