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
 * time, up to ten seconds, until workers live again.
 */
export function backoff(): Backoff {
  let streak = 0;
  return {
    crashed: (lived) => {
      streak = lived >= healthyMilliseconds ? 1 : streak + 1;
      return streak === 1 ? 0 : Math.min(mostMilliseconds, firstMilliseconds * 2 ** (streak - 2));
    },
    streak: () => streak,
    isLoop: () => streak === loopFrom,
  };
}
