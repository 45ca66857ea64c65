const firstMilliseconds = 100;
const mostMilliseconds = 10_000;
/** A worker that has lived so long did not die of its start. */
const healthyMilliseconds = 10_000;
const loopFrom = 5;

export interface Backoff {
  /** Tells of a death. Returns the milliseconds to wait before the next start. */
  readonly crashed: (livedMilliseconds: number) => number;
  /** Deaths in a row, each soon after its start. */
  readonly streak: () => number;
  /** Is this the death with which it becomes a loop? It is told once. */
  readonly isLoop: () => boolean;
}

/**
 * How long to wait before a worker that died is replaced: not at all after the first death, then twice as long each
 * time, up to ten seconds, until workers live again: this one did, or nobody has died for as long since the last was
 * replaced. A young worker that is killed now has nothing to do with a bad hour of yesterday.
 * @param now milliseconds of a clock that does not go back
 */
export function backoff(now: () => number = () => performance.now()): Backoff {
  let streak = 0;
  let replaced = -Infinity;
  return {
    crashed: (lived) => {
      const row = lived < healthyMilliseconds && now() - replaced < healthyMilliseconds;
      streak = row ? streak + 1 : 1;
      const delay = streak === 1 ? 0 : Math.min(mostMilliseconds, firstMilliseconds * 2 ** (streak - 2));
      replaced = now() + delay;
      return delay;
    },
    streak: () => streak,
    isLoop: () => streak === loopFrom,
  };
}
