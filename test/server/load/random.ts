/** Pseudorandom numbers in [0, 1), reproducible by their seed (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d_2b_79_f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Random, or the one that a failed run printed. */
export const seed = Number(process.env['ENTRYPOINT_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 32));
