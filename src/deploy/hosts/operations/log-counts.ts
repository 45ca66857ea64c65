// What arrived of a numbered stream.

/** What a sink has of a stream. */
export interface Delivery {
  /** Different lines of the stream. */
  readonly delivered: number;
  /** The numbers that are missing: `17`, `20-25`. */
  readonly lost: readonly string[];
  readonly lostLines: number;
  /** Lines that came after one with a greater number, of those that came for the first time. */
  readonly reordered: number;
  /** Lines beyond the first with the same number. */
  readonly duplicated: number;
}

/**
 * Compares the numbers that arrived with those that were sent, 1 to `sent`.
 * @example
 * deliveryOf([1, 2, 2, 5, 4], 6); // {delivered: 4, lost: ['3', '6'], lostLines: 2, reordered: 1, duplicated: 1}
 */
export function deliveryOf(arrived: readonly number[], sent: number): Delivery {
  const seen = new Set<number>();
  let [greatest, reordered, duplicated] = [0, 0, 0];
  for (const number of arrived) {
    if (!Number.isInteger(number) || number < 1 || number > sent) continue;
    if (seen.has(number)) {
      duplicated += 1;
      continue;
    }
    seen.add(number);
    if (number < greatest) reordered += 1;
    greatest = Math.max(greatest, number);
  }
  const lost: string[] = [];
  for (let number = 1; number <= sent; number += 1) {
    if (seen.has(number)) continue;
    const first = number;
    while (number < sent && !seen.has(number + 1)) number += 1;
    lost.push(first === number ? String(first) : `${first}-${number}`);
  }
  return {delivered: seen.size, lost, lostLines: sent - seen.size, reordered, duplicated};
}

/** The numbers of a stream's lines in what a sink prints. */
export const numbersIn = (text: string, pattern: RegExp): number[] =>
  [...text.matchAll(pattern)].map(([, digits]) => Number(digits));

/** What a buffer has to do with a stream. */
export interface BufferNeed {
  /** Bytes that wait for the driver at the end of a stream that does not wait itself. */
  readonly backlog: number;
  /** A max-buffer-size that holds them: `16m`. */
  readonly size: string;
}

/**
 * The buffer that holds a stream: what the driver has not taken when the program, which it does not hold, has written it.
 * @param free seconds of the stream without a driver
 * @param held seconds of the stream with the driver, which holds the program
 */
export function bufferNeed({
  bytes,
  free,
  held,
}: {
  readonly bytes: number;
  readonly free: number;
  readonly held: number;
}): BufferNeed {
  const backlog = held <= free || held === 0 ? 0 : Math.round(bytes * (1 - free / held));
  // A power of two, and a quarter more than was measured.
  const size = Math.max(1, 2 ** Math.ceil(Math.log2(Math.max(1, (backlog * 1.25) / 2 ** 20))));
  return {backlog, size: `${size}m`};
}
