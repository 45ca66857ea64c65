import {createHash} from 'node:crypto';
import {balancerConfig, balancerRestore} from '../../commands/balancer.ts';
import {dockerNetworkCreate, dockerNetworkList, dockerNetworkRemove, dockerRemove, dockerRun, dockerStart, dockerVolumeList, dockerVolumeRemove} from '../../commands/docker.ts';
import {problem} from '../../errors.ts';
import type {Scope} from '../../run.ts';
import type {Context} from '../../task.ts';
import {awaitBackingService, backingServicesOf, startBackingService} from '../backing-services.ts';
import {renderFragment} from '../balancer/fragment.ts';
import {balancerSettings} from '../balancer/settings.ts';
import type {BalancerState} from '../balancer/state.ts';
import {backingName, balancerName, roleLabels, sceneLabels, sceneName, volumeName} from '../names.ts';
import {sceneOf} from './deployment.ts';
import type {Target} from './deployment.ts';
import {readScene} from './state.ts';
import type {SceneState} from './state.ts';

/** The state to begin with: a balancer that was stopped is started, since only it knows what it served. */
export async function readStartingState({run}: Context, target: Target): Promise<SceneState> {
  const scene = sceneOf(target);
  const state = await readScene(run, scene);
  const balancer = state.containers.find(({role}) => role === 'balancer');
  if (balancer === undefined || balancer.state === 'running') return state;
  await run(dockerStart(balancer.name), {capture: true});
  return readScene(run, scene);
}

/** Containers of a deploy that died half-way get no traffic: they only stand in the way. */
export async function clearLeftovers({run}: Context, target: Target, state: SceneState): Promise<void> {
  const {release = 0, previous = 0} = state.balancer ?? {};
  const names = state.containers
    .filter((one) => (one.role === 'app' && one.release !== release && one.release !== previous) || one.role === 'task')
    .map(({name}) => name);
  if (names.length === 0) return;
  // A deploy that died between the switch and its commit left the traffic on what is removed here.
  if (state.balancer !== undefined) await run(balancerRestore(balancerName(sceneOf(target)), sceneName(sceneOf(target))), {capture: true});
  await run(dockerRemove(...names), {capture: true});
}

/** The network and the backing services; what is there already stays as it is. */
export async function bringUpSurroundings(context: Context, scope: Scope, target: Target, state: SceneState): Promise<void> {
  const {run, note} = context;
  const scene = sceneOf(target);
  const network = await run.read(dockerNetworkList(sceneName(scene)));
  if (network.stdout === '') {
    scope.onFailure(dockerNetworkRemove(sceneName(scene)));
    await run(dockerNetworkCreate(sceneName(scene), sceneLabels(scene)), {capture: true});
  }
  const wanted = backingServicesOf(target.service.deployFile, target.place);
  const volumes = wanted.length === 0 ? [] : (await run.read(dockerVolumeList(sceneLabels(scene)))).stdout.split('\n');
  for (const [name, backing] of wanted) {
    const container = backingName(scene, name);
    const existing = state.containers.find((one) => one.name === container);
    if (existing?.state === 'running') {
      if (existing.settings !== settingsHash(backing)) {
        note(`the backing service ${name} keeps the settings it was started with; to apply deploy.yaml's: docker rm --force ${container}, then deploy again (its data stays)`);
      }
    } else {
      const fresh = Object.keys(backing.volumes).map((volume) => volumeName(scene, name, volume)).filter((volume) => !volumes.includes(volume));
      if (existing === undefined && fresh.length > 0) scope.onFailure(dockerVolumeRemove(...fresh));
      if (existing === undefined) scope.onFailure(dockerRemove(container));
      else await run(dockerRemove(container), {capture: true});
      await startBackingService(context, scene, name, backing, {durable: true, labels: {'entrypoint.settings': settingsHash(backing)}});
    }
    await awaitBackingService(context, scene, name, backing);
  }
}

/** The balancer as it must be before the switch: room for every replica, the old release still in its slots. */
export async function bringUpBalancer({run}: Context, scope: Scope, target: Target, state: SceneState): Promise<BalancerState> {
  const {service, place} = target;
  const {health} = service.deployFile;
  const scene = sceneOf(target);
  const name = balancerName(scene);
  const old = state.balancer;
  const running = state.containers.find(({role}) => role === 'balancer');
  const wanted: BalancerState = {
    name: sceneName(scene),
    release: old?.release ?? 0,
    previous: old?.previous ?? 0,
    hosts: [''],
    slots: old?.slots ?? [],
    size: Math.max(place.replicas, old?.size ?? 0),
    health,
    settings: balancerSettings(place.load_balancer),
  };
  const {image, address, port: published} = place.load_balancer;
  if (old !== undefined && old.release > 0 && old.health !== health) throw movedHealth(target, old.health);
  if (running !== undefined && running.settings !== settingsHash(place.load_balancer)) throw movedBalancer(target, name);
  if (running === undefined) {
    scope.onFailure(dockerRemove(name));
    await run(dockerRun({
      image,
      name,
      network: sceneName(scene),
      labels: {...roleLabels(scene, 'balancer'), 'entrypoint.settings': settingsHash(place.load_balancer)},
      publish: [`${address}:${published === 0 ? '' : published}:8080`],
      restart: 'always',
    }, 'detached'), {
      capture: true,
      purpose: 'the load balancer could not be started',
      fix: `free ${address}:${published}, or set another load_balancer.port in deploy.yaml (0 = any free one); its image (${image}) is made by: npm run images`,
    });
  }
  if (old === undefined || renderFragment(old) !== renderFragment(wanted)) {
    await run(balancerConfig(name, wanted.name, renderFragment(wanted), 'reload'), {
      capture: true,
      purpose: 'the load balancer refused its configuration, and goes on with the old one',
    });
  }
  return wanted;
}

function movedBalancer({environment}: Target, name: string): Error {
  return problem({
    code: 'balancer_differs',
    what: `load_balancer in deploy.yaml differs from what ${name} was started with, and changing it would cut off the users`,
    fix: `set it back, or at a quiet time: entrypoint remove ${environment} (volumes stay), then deploy again`,
  });
}

function movedHealth({environment}: Target, old: string): Error {
  return problem({
    code: 'health_differs',
    what: `health in deploy.yaml differs from ${old}, which the running release is checked with, and it would count as dead`,
    fix: `set it back, or at a quiet time: entrypoint remove ${environment} (volumes stay), then deploy again`,
  });
}

/** Tells whether a container was started with other settings than the file has now. */
function settingsHash(settings: object): string {
  return createHash('sha256').update(JSON.stringify(settings)).digest('hex').slice(0, 12);
}
