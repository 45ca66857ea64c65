import {
  dockerNetworkRemoveIfThere,
  dockerRemove,
  dockerStop,
  dockerVolumeRemove,
} from '../../../../commands/docker/index.ts';
import {releaseLock, softStop} from '../../../../commands/host.ts';
import {hostName} from '../../../../service/hosts.ts';
import {lockName, stackName} from '../../../../stack/names.ts';
import {stackOf, type Target} from '../../../target.ts';
import {type Fleet, slotsOn, statesFor} from '../../fleet.ts';
import {keptEntries, logEntryCommand, type ReleaseLogEntry} from '../../release-log.ts';
import {appsOf, type Container, type SurveyedHost} from '../../state.ts';
import {allImages, outdatedImages, removeImages} from './images.ts';
import {stopCommands} from './replicas.ts';
import type {Round, Step} from './step.ts';
import {leaveBalancer} from './traffic.ts';

export interface FinishOptions {
  readonly release: number;
  /** During a canary: the current release, which serves as well. */
  readonly current?: number | undefined;
  readonly previous: number;
  readonly image: string;
  readonly entry: ReleaseLogEntry;
  /** The release that the log entry is about. Default: `release` itself. */
  readonly logged?: {readonly release: number; readonly image: string} | undefined;
}

/**
 * Writes the release log, stops the old release, removes what is not kept, and releases the lock: one round trip.
 * @param served its containers that had the traffic, without those of a canary
 */
export function finishStep(
  target: Target,
  {machine: {host}, state}: SurveyedHost,
  served: readonly string[],
  {release, current, previous, image, entry, logged = {release, image}}: FinishOptions,
): Step {
  const stack = stackOf(target);
  const old = outdated(
    appsOf(state),
    [release, ...(current === undefined ? [] : [current])],
    previous,
    target.settings.keep_releases,
  );
  const images = outdatedImages(state, {image, removed: old, keep: target.settings.keep_releases});
  const names = old.map(({name}) => name);
  const stop = appsOf(state)
    .filter((one) => served.includes(one.name) && one.release !== release && one.release !== current)
    .map(({name}) => name);
  const entries = state.log.slice(0, Math.max(0, state.log.length + 1 - keptEntries));
  return {
    phase: 'finish',
    host,
    what: [
      'write the release log',
      ...(stop.length === 0 ? [] : [`stop ${stop.join(', ')}`]),
      ...(old.length === 0 ? [] : [`remove ${names.join(', ')}`]),
      ...images.map((one) => `remove the image ${one}`),
      'release the lock',
    ].join('; '),
    commands: [
      logEntryCommand(stack, entry, {...logged, result: 'done'}),
      ...stopCommands(target, stop),
      ...(entries.length === 0 ? [] : [dockerVolumeRemove(...entries)]),
      // One call for the containers and the lock, except where images are removed: the lock must outlive them, since
      // another deploy may need them.
      ...(images.length === 0
        ? []
        : [...(names.length === 0 ? [] : [dockerRemove(...names)]), ...removeImages(target, images)]),
      releaseLock(lockName(stack), ...(images.length === 0 ? names : [])),
    ],
    purpose: `cannot clean up on ${host}`,
  };
}

/**
 * Containers of releases that are not kept.
 * @param keep releases to keep: those that serve, the one that a rollback returns to, then the newest
 */
export function outdated(
  apps: readonly Container[],
  serving: readonly number[],
  previous: number,
  keep: number,
): Container[] {
  const others = [...new Set(apps.map(({release}) => release))]
    .filter((release) => release !== previous)
    .toSorted((a, b) => b - a);
  const ranked = [...serving, previous, ...others.filter((release) => !serving.includes(release))].filter(
    (release, index, all) => all.indexOf(release) === index,
  );
  const kept = new Set(ranked.slice(0, Math.max(keep, serving.length)));
  return apps.filter(({release}) => !kept.has(release));
}

/** Removes the service from hosts that deploy.yaml no longer lists, the lock last. Volumes with data stay. */
function leaveSteps(target: Target, {dedicated, leaving}: Fleet): Round {
  const stack = stackOf(target);
  return leaving.map(({machine: {host}, state}) => {
    const names = state.containers.map(({name}) => name);
    const running = appsOf(state).flatMap(({name, state: its}) => (its === 'running' ? [name] : []));
    const balancer = dedicated
      ? undefined
      : state.containers.find((one) => one.role === 'balancer' && one.state === 'running');
    return {
      phase: 'finish',
      host,
      what: `remove ${names.join(', ')}${state.hasNetwork ? ' and the network' : ''}`,
      commands: [
        // Users may still be connected: open requests are answered before the port closes.
        ...(balancer === undefined || target.settings.load_balancer.own !== undefined
          ? []
          : [softStop(balancer.name, target.settings.drain_timeout_seconds)]),
        ...(dedicated || state.balancer === undefined ? [] : leaveBalancer(target)),
        ...(running.length === 0 ? [] : [dockerStop(target.settings.stop_timeout_seconds, ...running)]),
        releaseLock(lockName(stack), ...names),
        ...(state.hasNetwork ? [dockerNetworkRemoveIfThere(stackName(stack))] : []),
        ...(state.log.length === 0 ? [] : [dockerVolumeRemove(...state.log)]),
        ...removeImages(target, allImages(state)),
      ],
      purpose: `cannot remove the service from ${hostName(host)}, which deploy.yaml no longer lists`,
    };
  });
}

/** All hosts concurrently: a deploy that begins while one still has its lock fails with `locked`. */
export function finishRounds(target: Target, fleet: Fleet, options: FinishOptions): Round[] {
  const staying = [...fleet.apps, ...fleet.surveyed.filter(({machine}) => !machine.app)];
  const served = (one: SurveyedHost): string[] =>
    statesFor(fleet, one).flatMap(({slots}) => slotsOn(slots, one).map(({container}) => container));
  return [[...staying.map((one) => finishStep(target, one, served(one), options)), ...leaveSteps(target, fleet)]];
}
