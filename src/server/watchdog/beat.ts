const mostMilliseconds = 1000;

/** How often a loop counts, and how often its counter is looked at: four times within the limit, at least once a second. */
export function beatMilliseconds(timeout: number): number {
  return timeout === 0 ? mostMilliseconds : Math.min(mostMilliseconds, timeout * 250);
}

/** How many looks in a row may find the counter where it was; one more than the limit says, since the two are not in step. */
export function missedBeats(timeout: number): number {
  return Math.ceil((timeout * 1000) / beatMilliseconds(timeout)) + 1;
}
