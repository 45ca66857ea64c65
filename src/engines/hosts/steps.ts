import {
  balancerConfig, balancerIdle, balancerLeave, balancerMove, balancerOff, balancerRemoveService, balancerRestore, balancerStart,
} from '../../commands/balancer.ts';
import {
  dockerNetworkCreate, dockerNetworkRemove, dockerPull, dockerRemove, dockerRun, dockerStart, dockerStop, dockerUpdateRestart,
} from '../../commands/docker.ts';
import type {ContainerFacts} from '../../commands/docker.ts';
import type {Command, Words} from '../../argv.ts';
import {renderFragment} from '../balancer/fragment.ts';
import {serversOf} from '../balancer/state.ts';
import type {BalancerState, SlotUse} from '../balancer/state.ts';
import {roleLabels, sceneLabels, sceneName, volumeName} from '../names.ts';
import {replicaSettings, sceneOf, serviceEnvironment} from './deployment.ts';
import type {Deployment, Target} from './deployment.ts';
import {hostName, isRemote} from './host.ts';
import type {Host} from './host.ts';
import type {Step} from './plan.ts';
import {publishedAt} from './ports.ts';
import {appsOf, balancerOf} from './state.ts';
import type {Container, Found} from './state.ts';

type Commands = readonly (Words | Command)[];

const list = (names: readonly string[]): string => names.join(', ');

/** ` on h1`, for a message; nothing where there is one engine and it is this one. */
const on = (host: Host): string => (isRemote(host) ? ` on ${hostName(host)}` : '');

/** What is missing comes before anything changes. */
export function pullStep(host: Host, images: readonly string[]): Step[] {
  if (images.length === 0) return [];
  return [{
    phase: 'pull', host,
    what: `pull ${list(images)}`,
    commands: images.map(dockerPull),
    retry: true,
    purpose: `the image could not be pulled on ${hostName(host)}, and nothing has changed`,
    fix: `can ${hostName(host)} reach the registry, and is it logged in there? ssh ${host} docker login`,
  }];
}

/** The network of the environment's containers: its own, or one that the file names and that is somebody else's. */
export const networkOf = (target: Target): string => target.place.network ?? sceneName(sceneOf(target));

/** The network where it is missing. */
export function networkCommands(target: Target, {state}: Found): {commands: Commands; undo: Commands} {
  const scene = sceneOf(target);
  if (state.hasNetwork || target.place.network !== undefined) return {commands: [], undo: []};
  return {commands: [dockerNetworkCreate(sceneName(scene), sceneLabels(scene))], undo: [dockerNetworkRemove(sceneName(scene))]};
}

/** What a replica is started with. `address` is where a balancer on another machine reaches it: `10.0.0.2:20001`. */
export function replicaFacts(deployment: Deployment, release: number, {container, replica, half}: SlotUse, published: string): ContainerFacts {
  const {place, image, commit} = deployment;
  const scene = sceneOf(deployment);
  const {port} = deployment.service.deployFile;
  const hosts = place.hosts.map(({host}) => host);
  return {
    image,
    name: container,
    network: networkOf(deployment),
    labels: {
      ...place.labels,
      ...roleLabels(scene, 'app'),
      'entrypoint.release': String(release),
      'entrypoint.replica': String(replica),
      'entrypoint.half': half,
      'entrypoint.port': String(port),
      'entrypoint.settings': replicaSettings(deployment),
      ...(published === '' ? {} : {'entrypoint.published': published}),
      ...(hosts.some(isRemote) ? {'entrypoint.hosts': hosts.join(',')} : {}),
      ...(commit === '' ? {} : {'entrypoint.git_commit_hash': commit}),
    },
    environment: serviceEnvironment(deployment),
    secrets: place.secrets,
    publish: published === '' ? [] : [`${published}:${port}`],
    volumes: Object.entries(place.volumes).map(([name, path]) => `${volumeName(scene, 'app', name)}:${path}`),
    log: place.log,
    memory: place.memory,
    cpus: place.cpus,
    stopSeconds: place.stop_timeout_seconds,
    restart: 'always',
    options: place.docker_options,
    command: ['run'],
  };
}

/** New containers beside the old ones. */
export function startStep(deployment: Deployment, host: Host, release: number, slots: readonly SlotUse[], before: Pick<Step, 'causes'> & {commands: Commands; undo: Commands; what: readonly string[]}): Step {
  const names = slots.map(({container}) => container);
  const starts = slots.map((slot) => dockerRun(replicaFacts(deployment, release, slot, slot.address === slot.container ? '' : publishedAt(slot.address, slot.port)), 'detached'));
  return {
    phase: 'start', host,
    what: [...before.what, `start ${list(names)}`].join('; '),
    commands: [...before.commands, ...starts],
    undo: [...(names.length === 0 ? [] : [dockerRemove(...names)]), ...before.undo],
    causes: before.causes,
    purpose: `release ${release} could not be started${on(host)}, and the old release goes on serving`,
  };
}

/** The containers of a release that ran before. */
export function restartStep(target: Target, host: Host, release: number, slots: readonly SlotUse[], before: Pick<Step, 'causes'> & {commands: Commands; what: readonly string[]}): Step {
  const names = slots.map(({container}) => container);
  return {
    phase: 'start', host,
    what: [...before.what, `start ${list(names)} again`].join('; '),
    commands: [...before.commands, dockerUpdateRestart('always', ...names), dockerStart(...names)],
    undo: stopCommands(target, names),
    causes: before.causes,
    purpose: `release ${release} could not be started again${on(host)}, and the other one goes on serving`,
  };
}

/**
 * A restart of the engine would bring them up again but for the update, which costs half as much once they have stopped.
 * What comes back in between gets no traffic, and the next deploy stops it.
 */
export const stopCommands = ({place}: Target, names: readonly string[]): Commands =>
  (names.length === 0 ? [] : [dockerStop(place.stop_timeout_seconds, ...names), dockerUpdateRestart('no', ...names)]);

const wakeCommands = (names: readonly string[]): Commands => (names.length === 0 ? [] : [dockerUpdateRestart('always', ...names), dockerStart(...names)]);

/** Waits until each new replica answers its health check through this balancer, the path that the users take. */
export function healthStep(target: Target, {machine: {host}}: Found, release: number, slots: readonly SlotUse[], where: (slot: SlotUse) => Host): Step {
  const {place, service: {deployFile: {health, port}}} = target;
  const name = balancerOf(target);
  const scene = sceneName(sceneOf(target));
  const starts = slots.map((slot, index) => ({server: serversOf(scene, slots)[index] ?? '', address: slot.address, port: slot.port}));
  return {
    phase: 'health', host,
    what: `await the health of ${list(serversOf(scene, slots))}`,
    commands: [balancerStart(name, starts, place.ready_timeout_seconds)],
    undo: [balancerOff(name, serversOf(scene, slots))],
    purpose: `release ${release} is not healthy${on(host)}, and the old release goes on serving`,
    fix: `GET ${health} on port ${port} must answer 200 within ${place.ready_timeout_seconds} s; the log above may tell why it does not`,
    logs: slots.map((slot, index) => ({host: where(slot), container: slot.container, sign: `${serversOf(scene, slots)[index]} `})),
  };
}

/** Both in one round trip, where the balancer is on the replicas' own host. */
export function withHealth(start: Step, {what, commands, undo = [], purpose, fix, logs}: Step): Step {
  return {
    ...start,
    what: `${start.what}; ${what}`,
    commands: [...start.commands, ...commands],
    undo: [...undo, ...start.undo ?? []],
    causes: [...healthSigns.map((sign) => ({sign, purpose, fix})), ...start.causes ?? []],
    logs,
  };
}

// What `lb start` says of a replica.
const healthSigns = ['did not become healthy', 'has ended: it has no address', 'no address is known for'];

export interface Move {
  readonly found: Found;
  /** What the balancer holds before this step, and after it. */
  readonly before: BalancerState;
  readonly next: BalancerState;
  readonly to: readonly SlotUse[];
  readonly from: readonly SlotUse[];
  /** Old containers on the balancer's own machine, to be stopped once they are idle. */
  readonly stop: readonly string[];
}

/**
 * New requests go to the new release, which the balancer's file says from now on; the old one finishes what it has and
 * stops. Its containers stay, so that going back needs no pull.
 */
export function switchStep(target: Target, {found: {machine: {host}}, before, next, to, from, stop}: Move): Step {
  const {place} = target;
  const name = balancerOf(target);
  const [fresh, old] = [serversOf(next.name, to), serversOf(next.name, from)];
  const idle = (servers: readonly string[]): Commands => (servers.length === 0 ? [] : [balancerIdle(name, place.drain_timeout_seconds, servers)]);
  return {
    phase: 'switch', host,
    what: [
      `switch to ${list(fresh)}`,
      ...(old.length === 0 ? [] : [`drain ${list(old)}`]),
      ...(stop.length === 0 ? [] : [`stop ${list(stop)}`]),
    ].join('; '),
    commands: [
      balancerMove(name, {
        to: fresh, from: old, overSeconds: place.load_balancer.slow_start_seconds,
        service: next.name, fragment: renderFragment(next), idleSeconds: place.drain_timeout_seconds,
      }),
      ...stopCommands(target, stop),
    ],
    undo: [
      ...wakeCommands(stop),
      balancerConfig(name, before.name, renderFragment(before), 'file-only'),
      balancerRestore(name, before.name),
      ...idle(fresh),
    ],
    purpose: `the traffic could not be moved to release ${next.release}${on(host)}, and goes back to the old one`,
  };
}

/** Old containers on an app host whose balancers are elsewhere. */
export function stopStep(target: Target, host: Host, names: readonly string[]): Step {
  return {
    phase: 'stop', host,
    what: `stop ${list(names)}`,
    commands: stopCommands(target, names),
    undo: wakeCommands(names),
    purpose: `the old release could not be stopped${on(host)}`,
  };
}

/** Runs a task of the service in the image that is deployed, once, on one host. */
export function taskStep(deployment: Deployment, phase: 'before' | 'after', host: Host, task: string, release: number, baseUrl: string): Step {
  const {place, image} = deployment;
  const scene = sceneOf(deployment);
  const word = task.replaceAll('_', '-');
  const name = `${sceneName(scene)}.${release}.${word}`;
  return {
    phase, host,
    what: `run the task ${task}`,
    commands: [dockerRun({
      image,
      name,
      network: networkOf(deployment),
      labels: roleLabels(scene, 'task'),
      environment: {...serviceEnvironment(deployment), BASE_URL: baseUrl},
      secrets: place.secrets,
      options: place.docker_options,
      command: [word],
    }, 'foreground')],
    undo: [dockerRemove(name)],
    shown: true,
    purpose: `the task ${task} failed in ${sceneName(scene)}, and the old release ${phase === 'before' ? 'goes on serving' : 'serves again'}`,
    fix: phase === 'before' ? 'its output above tells why; the users of the service noticed nothing' : 'its output above tells why',
  };
}

/** Takes a balancer's part of a service back out. */
export function balancerUndo(target: Target, existed: boolean): Commands {
  const {name, own} = target.place.load_balancer;
  if (name !== undefined) return leaveBalancer(target);
  return [
    ...(existed || own !== undefined ? [balancerRemoveService(balancerOf(target), sceneName(sceneOf(target)))] : []),
    ...(existed ? [] : [dockerRemove(balancerOf(target))]),
  ];
}

/** Takes the service off a balancer that may go on without it: one that others share, or the user's own. */
export function leaveBalancer(target: Target): Commands {
  const {name, own} = target.place.load_balancer;
  const [balancer, service] = [balancerOf(target), sceneName(sceneOf(target))];
  if (name !== undefined) return [balancerLeave(balancer, service, networkOf(target))];
  return own === undefined ? [] : [balancerRemoveService(balancer, service)];
}

/**
 * Containers that no balancer sends anything to and that are no release to go back to: what a deploy left that died.
 * Those of the release to go back to are only stopped.
 */
export function leftoversOf({state}: Found, states: readonly BalancerState[]): {readonly remove: readonly string[]; readonly stop: readonly string[]} {
  const used = new Set(states.flatMap(({slots, canary}) => [...slots, ...(canary?.slots ?? [])].map(({container}) => container)));
  const newest = Math.max(0, ...states.flatMap(({release, previous}) => [release, previous]));
  const back = new Set(states.map(({previous}) => previous));
  const idle = appsOf(state).filter(({name}) => !used.has(name));
  const stray = (one: Container): boolean => one.release > newest || one.state === 'created' || (one.state !== 'exited' && !back.has(one.release));
  return {
    remove: [...idle.filter(stray), ...state.containers.filter(({role}) => role === 'task')].map(({name}) => name),
    stop: idle.filter((one) => !stray(one) && one.state !== 'exited').map(({name}) => name),
  };
}
