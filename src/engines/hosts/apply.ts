import {dockerPull, dockerRemove, dockerRun} from '../../commands/docker.ts';
import type {Context} from '../../task.ts';
import type {BalancerState, Half} from '../balancer/state.ts';
import {readCommit} from '../image.ts';
import {appName, balancerName, roleLabels, sceneName} from '../names.ts';
import {sceneOf, serviceEnvironment} from './deployment.ts';
import type {Deployed, Deployment} from './deployment.ts';
import {isRemote} from './host.ts';
import {takeLock} from './lock.ts';
import {each, sitesIn} from './sites.ts';
import type {ScopedSite, Site} from './sites.ts';
import {appsOf} from './state.ts';
import {bringUpBalancer, bringUpSurroundings, clearLeftovers, readStartingState} from './surroundings.ts';
import {addressOf, awaitHealthy, commitEverywhere, moveTraffic, retire} from './traffic.ts';
import type {Move} from './traffic.ts';

/**
 * Brings a release up beside the old one and moves the traffic over, on every host. Until the last check has passed,
 * any failure on any of them, Ctrl-C included, puts everything back: the old release serves as if nothing had been.
 */
export async function apply(context: Context, wanted: Deployment): Promise<Deployed> {
  const {run, note} = context;
  const scene = sceneOf(wanted);
  return run.scope(async (scope) => {
    const sites = sitesIn(context, wanted, scope);
    const [first] = sites;
    if (first === undefined) throw new RangeError('a place has at least one host');
    const deployment = await pullEverywhere(sites, wanted);
    // In the order of the file, so that of two deploys one gets all locks.
    for (const site of sites) await takeLock(site.context, site.scope, scene, {image: deployment.image, reason: 'deploy'});
    const found = await each(sites, async (site) => ({...site, state: await readStartingState(site.context, deployment)}));
    const releases = found.flatMap(({state}) => [state.balancer?.release ?? 0].concat(appsOf(state).map((app) => app.release)));
    const release = 1 + Math.max(0, ...releases);
    note(`release ${release} of ${sceneName(scene)}: ${deployment.image}`);
    await each(found, (site) => clearLeftovers(site.context, deployment, site.state));
    await each(found, (site) => bringUpSurroundings(site.context, site.scope, deployment, site.state));
    for (const name of deployment.place.before) await runTask(first, deployment, name, release);
    const moves = await each(found, async (site): Promise<Move> => {
      const before = await bringUpBalancer(site.context, site.scope, deployment, site.state);
      return {...site, before, next: nextState(deployment, before, release)};
    });
    await each(moves, (move) => startReplicas(deployment, move));
    await each(moves, (move) => awaitHealthy(deployment, move));
    await each(moves, (move) => moveTraffic(deployment, move));
    for (const name of deployment.place.after) await runTask(first, deployment, name, release);
    await commitEverywhere(scope, deployment, moves);
    await each(moves, async (move) => {
      await retire(deployment, move);
      await prune(move);
    });
    const addresses = await each(sites, (site) => addressOf(site.context.run, scene, site.host));
    const previous = Math.max(...moves.map(({next}) => next.previous));
    return {...scene, release, previous, image: deployment.image, address: addresses[0] ?? '', addresses};
  });
}

/** The image on every host before anything changes there; on this engine, it is there already. */
async function pullEverywhere(sites: readonly Site[], deployment: Deployment): Promise<Deployment> {
  const remote = sites.filter(({host}) => isRemote(host));
  await each(remote, ({context: {run}, host}) => run(dockerPull(deployment.image), {
    capture: true, retry: true,
    purpose: `the image could not be pulled on ${host}, and nothing has changed`,
    fix: `can ${host} reach the registry, and is it logged in there? ssh ${host} docker login`,
  }));
  const [first] = remote;
  if (first === undefined || deployment.commit !== '') return deployment;
  return {...deployment, commit: await readCommit(first.context, deployment.image)};
}

/** The new release takes the halves of the slots that the old one leaves free. */
function nextState(deployment: Deployment, before: BalancerState, release: number): BalancerState {
  const half: Half = before.slots[0]?.half === 'a' ? 'b' : 'a';
  const slots = Array.from({length: deployment.place.replicas}, (_, index) => {
    const container = appName(sceneOf(deployment), release, index + 1);
    return {host: '', replica: index + 1, half, container, address: container, port: deployment.service.deployFile.port};
  });
  return {...before, release, previous: before.release, slots};
}

async function startReplicas(deployment: Deployment, {context: {run}, scope, next}: Move): Promise<void> {
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
async function prune({context: {run}, state, next: {release, previous}}: Move): Promise<void> {
  const gone = appsOf(state).filter((one) => one.release === state.balancer?.previous && one.release !== previous && one.release !== release);
  if (gone.length > 0) await run(dockerRemove(...gone.map(({name}) => name)), {capture: true});
}

/** Runs a task of the service in the image that is deployed, among its backing services. */
async function runTask({context: {run}, scope}: ScopedSite, deployment: Deployment, task: string, release: number): Promise<void> {
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
