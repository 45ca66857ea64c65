import {dockerImageRemove, dockerRemove, dockerVolumeRemove} from '../../../../commands/docker.ts';
import {lockName} from '../../../../stack/names.ts';
import {sceneOf} from '../../../target.ts';
import type {Target} from '../../../target.ts';
import {entryCommand, keptEntries} from '../../release-log.ts';
import type {Entry} from '../../release-log.ts';
import {isRemote} from '../../host.ts';
import type {Step} from '../plan.ts';
import {appsOf} from '../../state.ts';
import type {Container, Found} from '../../state.ts';

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
export function finishStep(target: Target, {machine: {host}, state}: Found, {release, beside, previous, image, entry, logged = {release, image}}: Finish): Step {
  const scene = sceneOf(target);
  const gone = outdated(appsOf(state), [release, ...(beside === undefined ? [] : [beside])], previous, target.place.keep_releases);
  const kept = new Set([image, ...appsOf(state).filter((one) => !gone.includes(one)).map((one) => one.image)]);
  const images = isRemote(host) ? [...new Set(gone.map((one) => one.image))].filter((one) => !kept.has(one)) : [];
  const names = gone.map(({name}) => name);
  const entries = state.log.slice(0, Math.max(0, state.log.length + 1 - keptEntries));
  return {
    phase: 'finish', host,
    what: ['write the release log', ...(gone.length === 0 ? [] : [`remove ${names.join(', ')}`]), ...images.map((one) => `remove the image ${one}`), 'release the lock'].join('; '),
    commands: [
      entryCommand(scene, entry, {...logged, result: 'done'}),
      ...(entries.length === 0 ? [] : [dockerVolumeRemove(...entries)]),
      // The lock with the others, in one call, unless images go: those it guards from a deploy that would want them.
      ...(images.length === 0 ? [] : [dockerRemove(...names), ...images.map(dockerImageRemove)]),
      dockerRemove(...(images.length === 0 ? names : []), lockName(scene)),
    ],
    purpose: `what is over could not be tidied up on ${host}`,
  };
}

/** Containers of releases that are not kept: `keep` are, those that serve, the one to go back to, and then the newest. */
export function outdated(apps: readonly Container[], serving: readonly number[], previous: number, keep: number): Container[] {
  const others = [...new Set(apps.map(({release}) => release))].filter((release) => release !== previous).toSorted((a, b) => b - a);
  const kept = [...serving, previous, ...others.filter((release) => !serving.includes(release))].filter((release, index, all) => all.indexOf(release) === index);
  const stay = new Set(kept.slice(0, Math.max(keep, serving.length)));
  return apps.filter(({release}) => !stay.has(release));
}
