import {
  type ContainerOptions,
  dockerPull,
  dockerRemove,
  dockerRun,
  dockerStart,
  dockerStop,
  dockerUpdateRestart,
} from '../../../../commands/docker/index.ts';
import {type Host, hostName, isRemote, onHost} from '../../../../service/hosts.ts';
import type {Commands} from '../../../../shell/argv.ts';
import {roleLabels, volumeName} from '../../../../stack/names.ts';
import {type Deployment, replicaSettings, stackOf, serviceEnvironment, type Target} from '../../../target.ts';
import type {SlotUse} from '../../balancer/state.ts';
import {networkOf} from '../../network.ts';
import {publishedAt} from './ports.ts';
import type {Step} from './step.ts';

/** What is missing comes before anything changes. */
export function pullStep(host: Host, images: readonly string[]): Step[] {
  if (images.length === 0) return [];
  return [
    {
      phase: 'pull',
      host,
      what: `pull ${images.join(', ')}`,
      commands: images.map(dockerPull),
      retry: true,
      purpose: `the image could not be pulled on ${hostName(host)}, and nothing has changed`,
      fix: `can ${hostName(host)} reach the registry, and is it logged in there? ssh ${host} docker login`,
    },
  ];
}

/** What a replica is started with. `address` is where a balancer on another machine reaches it: `10.0.0.2:20001`. */
function replicaFacts(
  deployment: Deployment,
  release: number,
  {container, replica, half}: SlotUse,
  published: string,
): ContainerOptions {
  const {settings, image, commit} = deployment;
  const stack = stackOf(deployment);
  const {port, health} = deployment.service.deployFile;
  const hosts = settings.hosts.map(({host}) => host);
  return {
    image,
    name: container,
    network: networkOf(deployment),
    labels: {
      ...settings.labels,
      ...roleLabels(stack, 'app'),
      'entrypoint.release': String(release),
      'entrypoint.replica': String(replica),
      'entrypoint.half': half,
      'entrypoint.port': String(port),
      'entrypoint.health': health,
      'entrypoint.settings': replicaSettings(deployment),
      ...(published === '' ? {} : {'entrypoint.published': published}),
      ...(hosts.some(isRemote) ? {'entrypoint.hosts': hosts.join(',')} : {}),
      ...(commit === '' ? {} : {'entrypoint.git_commit_hash': commit}),
    },
    environment: serviceEnvironment(deployment),
    secrets: settings.secrets,
    publish: published === '' ? [] : [`${published}:${port}`],
    volumes: Object.entries(settings.volumes).map(([name, path]) => `${volumeName(stack, 'app', name)}:${path}`),
    log: settings.log,
    memory: settings.memory,
    cpus: settings.cpus,
    stopSeconds: settings.stop_timeout_seconds,
    // With `unless-stopped`, nothing comes back after the engine was killed (seen with Docker 20.10).
    restart: 'always',
    options: settings.docker_options,
    command: ['run'],
  };
}

/** New containers beside the old ones. */
export function startStep(
  deployment: Deployment,
  host: Host,
  release: number,
  slots: readonly SlotUse[],
  before: Pick<Step, 'causes'> & {commands: Commands; undo: Commands; what: readonly string[]},
): Step {
  const names = slots.map(({container}) => container);
  const starts = slots.map((slot) =>
    dockerRun(
      replicaFacts(
        deployment,
        release,
        slot,
        slot.address === slot.container ? '' : publishedAt(slot.address, slot.port),
      ),
      'detached',
    ),
  );
  return {
    phase: 'start',
    host,
    what: [...before.what, `start ${names.join(', ')}`].join('; '),
    commands: [...before.commands, ...starts],
    undo: [...(names.length === 0 ? [] : [dockerRemove(...names)]), ...before.undo],
    causes: before.causes,
    purpose: `release ${release} could not be started${onHost(host)}, and the old release goes on serving`,
  };
}

/** The containers of a release that ran before. */
export function restartStep(
  target: Target,
  host: Host,
  release: number,
  slots: readonly SlotUse[],
  before: Pick<Step, 'causes'> & {commands: Commands; what: readonly string[]},
): Step {
  const names = slots.map(({container}) => container);
  return {
    phase: 'start',
    host,
    what: [...before.what, `start ${names.join(', ')} again`].join('; '),
    commands: [...before.commands, dockerUpdateRestart('always', ...names), dockerStart(...names)],
    undo: stopCommands(target, names),
    causes: before.causes,
    purpose: `release ${release} could not be started again${onHost(host)}, and the other one goes on serving`,
  };
}

/**
 * A restart of the engine would bring them up again but for the update, which costs half as much once they have stopped.
 * What comes back in between gets no traffic, and the next deploy stops it.
 */
export const stopCommands = ({settings}: Target, names: readonly string[]): Commands =>
  names.length === 0 ? [] : [dockerStop(settings.stop_timeout_seconds, ...names), dockerUpdateRestart('no', ...names)];

export const wakeCommands = (names: readonly string[]): Commands =>
  names.length === 0 ? [] : [dockerUpdateRestart('always', ...names), dockerStart(...names)];

/** Old containers on an app host whose balancers are elsewhere. */
export function stopStep(target: Target, host: Host, names: readonly string[]): Step {
  return {
    phase: 'stop',
    host,
    what: `stop ${names.join(', ')}`,
    commands: stopCommands(target, names),
    undo: wakeCommands(names),
    purpose: `the old release could not be stopped${onHost(host)}`,
  };
}
