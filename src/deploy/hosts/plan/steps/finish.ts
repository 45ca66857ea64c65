import {
  dockerImageRemove,
  dockerNetworkRemove,
  dockerRemove,
  dockerVolumeRemove,
} from '../../../../commands/docker/index.ts';
import {softStop} from '../../../../commands/host.ts';
import {hostName, isRemote} from '../../../../service/hosts.ts';
import {lockName, stackName} from '../../../../stack/names.ts';
import {stackOf, type Target} from '../../../target.ts';
import type {View} from '../../fleet.ts';
import {type Entry, entryCommand, keptEntries} from '../../release-log.ts';
import {appsOf, type Container, type Found} from '../../state.ts';
import type {Round, Step} from './step.ts';
import {leaveBalancer} from './traffic.ts';

export interface Finish {
  readonly release: number;
  /** It serves beside the release: a canary is under way. */
  readonly beside?: number | undefined;
  readonly previous: number;
  readonly image: string;
  readonly entry: Entry;
  /** What the log is to say it was about; default: the release itself. */
  readonly logged?: {readonly release: number; readonly image: string} | undefined;
}

/** What is over is written down, what is not kept goes, and the lock is released: one round trip. */
export function finishStep(
  target: Target,
  {machine: {host}, state}: Found,
  {release, beside, previous, image, entry, logged = {release, image}}: Finish,
): Step {
  const stack = stackOf(target);
  const gone = outdated(
    appsOf(state),
    [release, ...(beside === undefined ? [] : [beside])],
    previous,
    target.settings.keep_releases,
  );
  const kept = new Set([
    image,
    ...appsOf(state)
      .filter((one) => !gone.includes(one))
      .map((one) => one.image),
  ]);
  const images = isRemote(host) ? [...new Set(gone.map((one) => one.image))].filter((one) => !kept.has(one)) : [];
  const names = gone.map(({name}) => name);
  const entries = state.log.slice(0, Math.max(0, state.log.length + 1 - keptEntries));
  return {
    phase: 'finish',
    host,
    what: [
      'write the release log',
      ...(gone.length === 0 ? [] : [`remove ${names.join(', ')}`]),
      ...images.map((one) => `remove the image ${one}`),
      'release the lock',
    ].join('; '),
    commands: [
      entryCommand(stack, entry, {...logged, result: 'done'}),
      ...(entries.length === 0 ? [] : [dockerVolumeRemove(...entries)]),
      // The lock with the others, in one call, unless images go: those it guards from a deploy that would want them.
      ...(images.length === 0 ? [] : [dockerRemove(...names), ...images.map(dockerImageRemove)]),
      dockerRemove(...(images.length === 0 ? names : []), lockName(stack)),
    ],
    purpose: `what is over could not be tidied up on ${host}`,
  };
}

/** Containers of releases that are not kept: `keep` are, those that serve, the one to go back to, and then the newest. */
export function outdated(
  apps: readonly Container[],
  serving: readonly number[],
  previous: number,
  keep: number,
): Container[] {
  const others = [...new Set(apps.map(({release}) => release))]
    .filter((release) => release !== previous)
    .toSorted((a, b) => b - a);
  const kept = [...serving, previous, ...others.filter((release) => !serving.includes(release))].filter(
    (release, index, all) => all.indexOf(release) === index,
  );
  const stay = new Set(kept.slice(0, Math.max(keep, serving.length)));
  return apps.filter(({release}) => !stay.has(release));
}

/** Takes everything of the service away from hosts that the file names no longer, the lock last. A volume with data stays. */
function leaveSteps(target: Target, {apart, leaving}: View): Round {
  const stack = stackOf(target);
  return leaving.map(({machine: {host}, state}) => {
    const names = state.containers.map(({name}) => name);
    const balancer = apart
      ? undefined
      : state.containers.find(({role, state: is}) => role === 'balancer' && is === 'running');
    return {
      phase: 'finish',
      host,
      what: `take away ${names.join(', ')}${state.hasNetwork ? ' and the network' : ''}`,
      commands: [
        // Users may still come to the host: what they have asked for is answered, and then nothing listens there.
        ...(balancer === undefined || target.settings.load_balancer.own !== undefined
          ? []
          : [softStop(balancer.name, target.settings.drain_timeout_seconds)]),
        ...(apart || state.balancer === undefined ? [] : leaveBalancer(target)),
        dockerRemove(...names, `${stackName(stack)}.lock`),
        ...(state.hasNetwork ? [dockerNetworkRemove(stackName(stack))] : []),
        ...(state.log.length === 0 ? [] : [dockerVolumeRemove(...state.log)]),
      ],
      purpose: `what runs on ${hostName(host)}, which deploy.yaml names no longer, could not be taken away`,
    };
  });
}

/** All hosts side by side: whoever begins while some still have their lock is told that it is held. */
export function finishRounds(target: Target, view: View, facts: Finish): Round[] {
  const staying = [...view.apps, ...view.found.filter((one) => !one.machine.app)];
  return [[...staying.map((one) => finishStep(target, one, facts)), ...leaveSteps(target, view)]];
}
