import {dockerBuiltImageRemove, dockerImageRemove} from '../../../../commands/docker/index.ts';
import type {Commands} from '../../../../shell/argv.ts';
import type {Target} from '../../../target.ts';
import {appsOf, type Container, type HostState} from '../../state.ts';

/** Removes images that nothing uses. Those that a registry has are named by digest; others were built on this engine. */
export function removeImages({service: {name}}: Target, images: readonly string[]): Commands {
  const pulled = images.filter((image) => image.includes('@'));
  const built = images.filter((image) => !image.includes('@'));
  return [
    ...(pulled.length === 0 ? [] : [dockerImageRemove(...pulled)]),
    ...(built.length === 0 ? [] : [dockerBuiltImageRemove(name, ...built)]),
  ];
}

/** All images that an environment has ever had on a host, as far as it knows. */
export const allImages = (state: Pick<HostState, 'containers' | 'logged'>): string[] => [
  ...new Set([...appsOf(state), ...state.logged].map(({image}) => image).filter((image) => image !== '')),
];

// The log can name many images that are long gone.
const triedAtOnce = 4;

/**
 * Images that no kept release has: those of removed containers, and those that only the release log names, because a
 * prune removed their containers, or their deploy failed.
 * @param options `image`: that of the release that serves; `removed`: containers that go; `keep`: releases to keep
 */
export function outdatedImages(
  state: Pick<HostState, 'containers' | 'logged'>,
  {image, removed, keep}: {image: string; removed: readonly Container[]; keep: number},
): string[] {
  const newestFirst = state.logged.toReversed();
  const served = [...new Set(newestFirst.filter(({result}) => result === 'done').map((one) => one.image))];
  const kept = new Set([
    image,
    ...appsOf(state)
      .filter((one) => !removed.includes(one))
      .map((one) => one.image),
    // A rollback to one of these needs its image, even after a prune of its containers.
    ...served.filter((one) => one !== image).slice(0, Math.max(0, keep - 1)),
  ]);
  const gone = [...new Set(newestFirst.map((one) => one.image))].filter((one) => one !== '' && !kept.has(one));
  return [
    ...new Set([...removed.map((one) => one.image).filter((one) => !kept.has(one)), ...gone.slice(0, triedAtOnce)]),
  ];
}
