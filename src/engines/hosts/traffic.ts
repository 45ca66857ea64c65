import {balancerConfig, balancerIdle, balancerOff, balancerStart, balancerSwitch} from '../../commands/balancer.ts';
import {dockerPort, dockerStop, dockerUpdateRestart} from '../../commands/docker.ts';
import type {Runner, Scope} from '../../run.ts';
import {renderFragment} from '../balancer/fragment.ts';
import {serversOf} from '../balancer/state.ts';
import type {BalancerState} from '../balancer/state.ts';
import {withLastLog} from '../last-log.ts';
import {balancerName} from '../names.ts';
import type {Scene} from '../names.ts';
import {sceneOf} from './deployment.ts';
import type {Target} from './deployment.ts';
import {hostName, isRemote} from './host.ts';
import type {Host} from './host.ts';
import {each} from './sites.ts';
import type {ScopedSite} from './sites.ts';
import type {SceneState} from './state.ts';

/**
 * Waits until each new replica answers its health check through the balancer, the path that the users take.
 * All were started before, so that the wait is that of the slowest and not the sum.
 */
export async function awaitHealthy(target: Target, {context: {run}, next}: Pick<Move, 'context' | 'next'>): Promise<void> {
  const {place} = target;
  for (const slot of next.slots) {
    const {replica, container, address, port} = slot;
    const [server = ''] = serversOf(next.name, [slot]);
    await withLastLog(run, container, () =>
      run(balancerStart(balancerName(sceneOf(target)), [{server, address, port}], place.ready_timeout_seconds), {
        capture: true,
        purpose: `replica ${replica} is not healthy, and the old release goes on serving`,
        fix: `GET ${next.health} on port ${port} must answer 200 within ${place.ready_timeout_seconds} s; the log above may tell why it does not`,
      }));
  }
}

/** A host, what its balancer serves, and what it is to serve. */
export interface Move extends ScopedSite {
  readonly before: BalancerState;
  readonly next: BalancerState;
  /** What there was on the host. */
  readonly state: SceneState;
}

/** New requests go to the new release. When something fails later, they go back, and what is running may end. */
export async function moveTraffic(target: Target, {context: {run}, scope, before, next}: Move): Promise<void> {
  const name = balancerName(sceneOf(target));
  const [to, from] = [serversOf(next.name, next.slots), serversOf(before.name, before.slots)];
  if (from.length === 0) scope.onFailure(balancerOff(name, to));
  else {
    scope.onFailure(balancerIdle(name, target.place.drain_timeout_seconds, to));
    scope.onFailure(balancerSwitch(name, from, to));
  }
  await run(balancerSwitch(name, to, from), {capture: true, purpose: 'the traffic could not be moved'});
}

/** The point of no return: from here on a restart of a balancer keeps the new release. */
export async function commitEverywhere(scope: Scope, target: Target, moves: readonly Move[]): Promise<void> {
  const name = balancerName(sceneOf(target));
  await each(moves, async (move) => {
    // A host that has its file already must get the old one back where another host fails.
    if (moves.length > 1) move.scope.onFailure(balancerConfig(name, move.before.name, renderFragment(move.before), 'file-only'));
    await move.context.run(balancerConfig(name, move.next.name, renderFragment(move.next), 'file-only'), {capture: true});
  });
  scope.keep();
}

/** The old release finishes what it has and stops; its containers stay for a rollback. */
export async function retire(target: Target, {context: {run}, state, before}: Move): Promise<void> {
  const {place} = target;
  const servers = serversOf(before.name, before.slots);
  if (servers.length === 0) return;
  await run(balancerIdle(balancerName(sceneOf(target)), place.drain_timeout_seconds, servers), {capture: true});
  const old = state.containers.filter(({name}) => before.slots.some(({container}) => container === name)).map(({name}) => name);
  if (old.length === 0) return;
  // Otherwise a restart of the engine would bring the old release up again.
  await run(dockerUpdateRestart('no', ...old), {capture: true});
  await run(dockerStop(place.stop_timeout_seconds, ...old), {capture: true});
}

/** Where the service answers: seen from this machine, or, for an address of its own, from the host; empty in a dry run. */
export async function addressOf(run: Pick<Runner, 'read'>, scene: Scene, host: Host): Promise<string> {
  const {exitCode, stdout} = await run.read(dockerPort(balancerName(scene), 8080), {allow: [1]});
  const [address = ''] = stdout.trim().split('\n');
  if (exitCode !== 0 || address === '') return '';
  return `http://${isRemote(host) ? address.replace(/^(?:0\.0\.0\.0|\[?::\]?):/, `${hostName(host)}:`) : address}`;
}
