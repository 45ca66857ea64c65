import {dockerStart, dockerStop, dockerUpdateRestart} from '../../commands/docker.ts';
import {problem} from '../../errors.ts';
import type {Context} from '../../task.ts';
import type {BalancerState} from '../balancer/state.ts';
import {sceneName} from '../names.ts';
import {sceneOf} from './deployment.ts';
import type {Deployed, Target} from './deployment.ts';
import {isRemote} from './host.ts';
import type {Host} from './host.ts';
import {takeLock} from './lock.ts';
import {each, sitesIn} from './sites.ts';
import {appsOf, requireBalancer} from './state.ts';
import type {Container, SceneState} from './state.ts';
import {clearLeftovers, readStartingState} from './surroundings.ts';
import {addressOf, awaitHealthy, commitEverywhere, moveTraffic, retire} from './traffic.ts';

/**
 * Starts the containers of the previous release again and moves the traffic back to them: nothing is pulled,
 * created or migrated. A second rollback returns to where the first one began.
 * @throws Problem `not_deployed`, `no_previous_release`
 */
export async function rollback(context: Context, target: Target): Promise<Deployed> {
  const {run, note} = context;
  const scene = sceneOf(target);
  const seconds = target.place.stop_timeout_seconds;
  return run.scope(async (scope) => {
    const sites = sitesIn(context, target, scope);
    const seen = await each(sites, async (site) => ({...site, image: previousOf(await readStartingState(site.context, target), target, site.host).image}));
    for (const site of seen) await takeLock(site.context, site.scope, scene, {image: site.image, reason: 'rollback'});
    // Read again: until the locks were ours, another deploy may have changed it.
    const moves = await each(sites, async (site) => {
      const state = await readStartingState(site.context, target);
      const {current, replicas, image} = previousOf(state, target, site.host);
      const slots = replicas.map(({name, replica, half, port}) => ({host: '', container: name, address: name, replica, half, port}));
      return {...site, state, image, before: current, next: {...current, release: current.previous, previous: current.release, slots}};
    });
    const [first] = moves;
    if (first === undefined) throw new RangeError('a place has at least one host');
    const {image, next: {release, previous}} = first;
    note(`back to release ${release} of ${sceneName(scene)}: ${image}`);
    await each(moves, async (move) => {
      await clearLeftovers(move.context, target, move.state);
      const names = move.next.slots.map(({container}) => container);
      move.scope.onFailure(dockerStop(seconds, ...names));
      move.scope.onFailure(dockerUpdateRestart('no', ...names));
      await move.context.run(dockerUpdateRestart('always', ...names), {capture: true});
      await move.context.run(dockerStart(...names), {capture: true});
      await awaitHealthy(target, move);
    });
    await each(moves, (move) => moveTraffic(target, move));
    await commitEverywhere(scope, target, moves);
    await each(moves, (move) => retire(target, move));
    const addresses = await each(sites, (site) => addressOf(site.context.run, scene, site.host));
    return {...scene, release, previous, image, address: addresses[0] ?? '', addresses};
  });
}

interface Previous {
  /** What the balancer serves now. */
  readonly current: BalancerState;
  /** The containers to go back to, at least one. */
  readonly replicas: readonly Container[];
  readonly image: string;
}

function previousOf(state: SceneState, target: Target, host: Host): Previous {
  const current = requireBalancer(state, target);
  const replicas = appsOf(state).filter((one) => one.release === current.previous);
  const image = replicas[0]?.image;
  if (current.previous !== 0 && image !== undefined) return {current, replicas, image};
  const {service, environment} = target;
  throw problem({
    code: 'no_previous_release',
    what: `${service.name} in ${environment} has no release before ${current.release} to go back to${isRemote(host) ? ` on ${host}` : ''}`,
    fix: `deploy the version you want: entrypoint deploy ${environment} --image=IMAGE`,
  });
}
