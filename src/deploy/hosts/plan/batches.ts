/**
 * How many of `count` hosts change at a time, at least one.
 * @param batch `all`, a number, or a percentage such as `25%`
 */
export function batchSize(batch: string | number, count: number): number {
  if (batch === 'all') return Math.max(1, count);
  const text = String(batch);
  const wanted = text.endsWith('%') ? Math.floor((count * Number(text.slice(0, -1))) / 100) : Number(text);
  return Math.max(1, Math.min(count, wanted));
}

/** The items in their order, `size` at a time. */
export function batchesOf<T>(all: readonly T[], size: number): T[][] {
  return Array.from({length: Math.ceil(all.length / size)}, (_, index) => all.slice(index * size, (index + 1) * size));
}
