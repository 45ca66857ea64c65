/** Upper bounds of the latency histogram, in seconds: Prometheus' usual ones, and two below them. */
export const latencyBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

/** In which of them a duration belongs; `latencyBounds.length` for what is longer than all. */
export function latencyBucket(milliseconds: number): number {
  const seconds = milliseconds / 1000;
  let bucket = 0;
  while (bucket < latencyBounds.length && seconds > (latencyBounds[bucket] as number)) bucket += 1;
  return bucket;
}
