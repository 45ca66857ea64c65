const firstMilliseconds = 100;
const maxMilliseconds = 10_000;
/** A worker that has lived so long did not crash because of its start. */
const healthyMilliseconds = 10_000;
const loopFrom = 5;

export interface Backoff {
  /** Records a crash. Returns the milliseconds to wait before the next start. */
  readonly crashed: (livedMilliseconds: number) => number;
  /** Crashes in a row, each soon after the start of the worker. */
  readonly streak: () => number;
  /** Whether the last crash makes it a crash loop: true once per streak, so that it is logged once. */
  readonly isLoop: () => boolean;
}

/**
 * How long to wait before a worker that crashed is replaced: not at all after the first crash, then twice as long each
 * time, up to ten seconds. The streak ends when a worker has lived for ten seconds, or when none has crashed for as long
 * since the last replacement: a kill of a young worker today does not continue yesterday's streak.
 * @param now milliseconds of a monotonic clock
 */
export function backoff(now: () => number = () => performance.now()): Backoff {
  let streak = 0;
  let replaced = -Infinity;
  return {
    crashed: (lived) => {
      const inRow = lived < healthyMilliseconds && now() - replaced < healthyMilliseconds;
      streak = inRow ? streak + 1 : 1;
      const delay = streak === 1 ? 0 : Math.min(maxMilliseconds, firstMilliseconds * 2 ** (streak - 2));
      replaced = now() + delay;
      return delay;
    },
    streak: () => streak,
    isLoop: () => streak === loopFrom,
  };
}
