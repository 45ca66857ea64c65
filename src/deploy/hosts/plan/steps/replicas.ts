import {sshText} from '../../../../commands/destination.ts';
import {
  type ContainerOptions,
  dockerRemove,
  dockerStart,
  dockerStop,
  dockerImageInspect,
  dockerKeepStopped,
  dockerUpdateRestart,
} from '../../../../commands/docker/index.ts';
import {explainPull} from '../../../../registry/pull-failures.ts';
import {pullCommands} from '../../../../registry/pull.ts';
import {type Host, isRemote, onHost} from '../../../../service/hosts.ts';
import {commandText} from '../../../../service/schema/health-check.ts';
import type {Service} from '../../../../service/service.ts';
import {type Commands, quote, toCommand, type Words, wordsText} from '../../../../shell/argv.ts';
import {roleLabels} from '../../../../stack/names.ts';
import {
  type Deployment,
  healthCheck,
  logSettings,
  replicaSettings,
  stackOf,
  serviceEnvironment,
  type Target,
} from '../../../target.ts';
import {halfOf, type SlotUse} from '../../balancer/state.ts';
import {previousText} from '../../host-query.ts';
import {type MachineFacts, noFacts, olderPlatforms} from '../../machine/facts.ts';
import {networkOf} from '../../stack-network.ts';
import {endpointGuard, startReplica} from './log.ts';
import {publishedAt} from './replica-address.ts';
import {keepsServing, type Prepared, type Step} from './step.ts';
import {volumeMounts} from './volumes.ts';

/** A release, and the one that it replaces; 0 for none. */
export interface Releases {
  readonly release: number;
  readonly previous: number;
  /** No replica of `previous` works. Default false. */
  readonly isDown?: boolean | undefined;
  /** The image of `previous`, for a rollback after its containers and the release log were pruned. */
  readonly previousImage?: string | undefined;
}

/** Pulls missing images, before anything changes. */
export function pullStep(
  service: Service,
  host: Host,
  images: readonly string[],
  facts: Pick<MachineFacts, 'platform' | 'emulated'> = noFacts,
): Step[] {
  if (images.length === 0) return [];
  return [
    {
      phase: 'pull',
      host,
      what: `pull ${images.join(', ')}`,
      commands: withCheck(pullCommands(service, images), isRemote(host) ? platformCheck(images, facts) : undefined),
      retry: true,
      purpose: `cannot pull the image${onHost(host)}; nothing has changed`,
      fix: isRemote(host) ? `see what the engine says: ${sshText(host)} docker pull ${images.join(' ')}` : undefined,
      explain: (error) => explainPull(error, {host, images, hasLogin: service.deployFile.registry_login !== undefined}),
    },
  ];
}

/** Fails for an image of another platform, which docker pulls all the same and cannot start. */
function platformCheck(
  images: readonly string[],
  {platform, emulated}: Pick<MachineFacts, 'platform' | 'emulated'>,
): Words | undefined {
  if (platform === '') return undefined;
  const good = [platform, ...(olderPlatforms[platform] ?? []), ...emulated].join(' | ');
  const inspect = wordsText(dockerImageInspect('{{.Os}}/{{.Architecture}}', '')).replace(/ ''$/, ' "$i"');
  return [
    'sh',
    '-c',
    `for i in ${images.map(quote).join(' ')}; do p=$(${inspect}) || exit; case "$p" in ${good}) ;; *) echo "entrypoint: $i is for $p" >&2; exit 65 ;; esac; done`,
  ];
}

/** A pull with a login reads its password: then both are one command, in shells of their own. */
function withCheck(pulls: Commands, check: Words | undefined): Commands {
  const last = pulls.map(toCommand).at(-1);
  if (check === undefined || last === undefined) return pulls;
  return last.secretInput === undefined
    ? [...pulls, check]
    : [...pulls.slice(0, -1), {...last, words: ['sh', '-c', `${wordsText(last.words)} && ${wordsText(check)}`]}];
}

/** @param published the replica's address for balancers on other machines, `10.0.0.2:20001`; empty without */
function replicaOptions(
  deployment: Deployment,
  {release, previous, previousImage = ''}: Releases,
  {container, replica, colour}: SlotUse,
  published: string,
): ContainerOptions {
  const {settings, image, commit} = deployment;
  const stack = stackOf(deployment);
  const {port} = deployment.service.deployFile;
  const check = healthCheck(deployment);
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
      'entrypoint.half': halfOf(colour),
      'entrypoint.port': String(port),
      // A path, for versions that know only paths; empty where there is none.
      'entrypoint.health': check.kind === 'http' ? check.path : '',
      'entrypoint.health_check': JSON.stringify(check),
      'entrypoint.settings': replicaSettings(deployment),
      ...(previousImage === '' ? {} : {'entrypoint.previous': previousText({release: previous, image: previousImage})}),
      ...(published === '' ? {} : {'entrypoint.published': published}),
      ...(hosts.some(isRemote) ? {'entrypoint.hosts': hosts.join(',')} : {}),
      ...(commit === '' ? {} : {'entrypoint.git_commit_hash': commit}),
    },
    environment: serviceEnvironment(deployment),
    secrets: settings.secrets,
    publish: published === '' ? [] : [`${published}:${port}`],
    volumes: volumeMounts(deployment),
    log: logSettings(settings),
    memory: settings.memory,
    cpus: settings.cpus,
    stopSeconds: settings.stop_timeout_seconds,
    // With `unless-stopped`, containers stay down after the engine was killed (seen with Docker 20.10).
    restart: 'always',
    ...(check.kind === 'command'
      ? {
          healthCheck: {
            command: commandText(wordsText(check.words)),
            startSeconds: settings.ready_timeout_seconds,
          },
        }
      : {}),
    options: settings.docker_options,
    command: ['run'],
  };
}

/** Starts new containers alongside the old ones. */
export function startStep(
  deployment: Deployment,
  host: Host,
  releases: Releases,
  slots: readonly SlotUse[],
  before: Pick<Prepared, 'causes' | 'commands' | 'undo' | 'what' | 'verify'>,
): Step {
  const {release} = releases;
  const names = slots.map(({container}) => container);
  const starts = slots.map((slot) =>
    startReplica(
      deployment,
      replicaOptions(
        deployment,
        releases,
        slot,
        slot.address === slot.container ? '' : publishedAt(slot.address, slot.port),
      ),
    ),
  );
  const guard = endpointGuard(deployment, host);
  return {
    phase: 'start',
    host,
    what: [...before.what, ...guard.what, `start ${names.join(', ')}`].join('; '),
    commands: [...before.commands, ...guard.commands, ...starts, ...(guard.verify ?? []), ...(before.verify ?? [])],
    undo: [...(names.length === 0 ? [] : [dockerRemove(...names)]), ...guard.undo, ...before.undo],
    causes: [...(guard.causes ?? []), ...(before.causes ?? [])],
    purpose: `cannot start release ${release}${onHost(host)}; ${keepsServing(releases)}`,
  };
}

/** Starts the stopped containers of an earlier release. */
export function restartStep(
  target: Target,
  host: Host,
  releases: Releases,
  slots: readonly SlotUse[],
  before: Pick<Step, 'causes'> & {commands: Commands; what: readonly string[]},
): Step {
  const names = slots.map(({container}) => container);
  return {
    phase: 'start',
    host,
    what: [...before.what, `start ${names.join(', ')} again`].join('; '),
    commands: [...before.commands, ...restartCommands(names)],
    undo: stopCommands(target, names),
    causes: before.causes,
    purpose: `cannot start release ${releases.release} again${onHost(host)}; ${keepsServing(releases)}`,
  };
}

/**
 * Without the update, a restart of the engine would start them again. It comes second because it costs half as much on a
 * stopped container; one that the engine restarts in between gets no traffic, and the next deploy stops it.
 */
export const stopCommands = ({settings}: Target, names: readonly string[]): Commands =>
  names.length === 0 ? [] : [dockerStop(settings.stop_timeout_seconds, ...names), dockerKeepStopped(...names)];

/** Undoes {@link stopCommands}. */
const restartCommands = (names: readonly string[]): Commands =>
  names.length === 0 ? [] : [dockerUpdateRestart('always', ...names), dockerStart(...names)];
