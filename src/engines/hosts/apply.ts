import {dockerRemove, dockerRun} from '../../commands/docker.ts';
import type {Scope} from '../../run.ts';
import type {Context} from '../../task.ts';
import type {BalancerState, Half} from '../haproxy-config.ts';
import {appName, balancerName, roleLabels, sceneName} from '../names.ts';
import {sceneOf, serviceEnvironment} from './deployment.ts';
import type {Deployed, Deployment} from './deployment.ts';
import {takeLock} from './lock.ts';
import {appsOf} from './state.ts';
import type {SceneState} from './state.ts';
import {bringUpBalancer, bringUpSurroundings, clearLeftovers, readStartingState} from './surroundings.ts';
import {addressOf, awaitHealthy, commit, moveTraffic, retire} from './traffic.ts';

/**
 * Brings a release up beside the old one and moves the traffic over. Until the last check has passed, any
 * failure, Ctrl-C included, puts everything back: the old release serves as if nothing had been.
 */
export async function apply(context: Context, deployment: Deployment): Promise<Deployed> {
  const {run, note} = context;
  const scene = sceneOf(deployment);
  return run.scope(async (scope) => {
    await takeLock(context, scope, scene, {image: deployment.image, reason: 'deploy'});
    const state = await readStartingState(context, deployment);
    const release = 1 + Math.max(0, ...appsOf(state).map((app) => app.release), state.balancer?.release ?? 0);
    note(`release ${release} of ${sceneName(scene)}: ${deployment.image}`);
    await clearLeftovers(context, deployment, state);
    await bringUpSurroundings(context, scope, deployment, state);
    for (const name of deployment.place.before) await runTask(context, scope, deployment, name, release);
    const before = await bringUpBalancer(context, scope, deployment, state);
    const next = nextState(deployment, before, release);
    await startReplicas(context, scope, deployment, next);
    await awaitHealthy(context, deployment, next);
    await moveTraffic(context, scope, deployment, before, next);
    for (const name of deployment.place.after) await runTask(context, scope, deployment, name, release);
    await commit(context, scope, deployment, next);
    await retire(context, deployment, state, before);
    await prune(context, state, next);
    return {...scene, release, previous: next.previous, image: deployment.image, address: await addressOf(run, scene)};
  });
}

/** The new release takes the halves of the slots that the old one leaves free. */
function nextState(deployment: Deployment, before: BalancerState, release: number): BalancerState {
  const half: Half = before.slots[0]?.half === 'a' ? 'b' : 'a';
  const slots = Array.from({length: deployment.place.replicas}, (_, index) => ({
    replica: index + 1,
    half,
    container: appName(sceneOf(deployment), release, index + 1),
    port: deployment.service.deployFile.port,
  }));
  return {...before, release, previous: before.release, slots};
}

async function startReplicas({run}: Context, scope: Scope, deployment: Deployment, next: BalancerState): Promise<void> {
  const {place, image, commit: hash} = deployment;
  const scene = sceneOf(deployment);
  for (const {replica, half, container, port} of next.slots) {
    scope.onFailure(dockerRemove(container));
    await run(dockerRun({
      image,
      name: container,
      network: sceneName(scene),
      labels: {
        ...roleLabels(scene, 'app'),
        'entrypoint.release': String(next.release),
        'entrypoint.replica': String(replica),
        'entrypoint.half': half,
        'entrypoint.port': String(port),
        'entrypoint.git_commit_hash': hash,
      },
      environment: serviceEnvironment(deployment),
      secrets: place.secrets,
      log: place.log,
      memory: place.memory,
      cpus: place.cpus,
      stopSeconds: place.stop_timeout_seconds,
      restart: 'always',
      command: ['run'],
    }, 'detached'), {capture: true, purpose: `replica ${replica} could not be started`});
  }
}

/** Keeps the release that serves and the one to go back to. */
async function prune({run}: Context, state: SceneState, {release, previous}: BalancerState): Promise<void> {
  const gone = appsOf(state).filter((one) => one.release === state.balancer?.previous && one.release !== previous && one.release !== release);
  if (gone.length > 0) await run(dockerRemove(...gone.map(({name}) => name)), {capture: true});
}

/** Runs a task of the service in the image that is deployed, among its backing services. */
async function runTask({run}: Context, scope: Scope, deployment: Deployment, task: string, release: number): Promise<void> {
  const {place, image} = deployment;
  const scene = sceneOf(deployment);
  const word = task.replaceAll('_', '-');
  const name = `${sceneName(scene)}.${release}.${word}`;
  scope.onFailure(dockerRemove(name));
  await run(dockerRun({
    image,
    name,
    network: sceneName(scene),
    labels: roleLabels(scene, 'task'),
    environment: {...serviceEnvironment(deployment), BASE_URL: `http://${balancerName(scene)}:8080`},
    secrets: place.secrets,
    command: [word],
  }, 'foreground'), {
    purpose: `the task ${task} failed in ${sceneName(scene)}, and the old release goes on serving`,
    fix: 'its output above tells why; the users of the service noticed nothing',
  });
}
