import type {Setting} from '../model/types.ts';

/** A key that a file sets twice: the last one counts for most programs, the first one for some. */
export function lastOfEach(settings: readonly Setting[]): readonly Setting[] {
  const byKey = new Map<string, Setting>();
  for (const setting of settings) {
    const key = JSON.stringify(setting.path);
    const before = byKey.get(key);
    const differs = before !== undefined && JSON.stringify(before.value) !== JSON.stringify(setting.value);
    byKey.set(key, {
      ...setting,
      ...(before === undefined ? {} : {line: before.line}),
      ...(differs
        ? {
            readings: [
              `line ${before.line} counts`,
              `line ${setting.line} counts, as the last one does for most programs`,
            ],
          }
        : before?.readings === undefined
          ? {}
          : {readings: before.readings}),
    });
  }
  return [...byKey.values()];
}

/** The lines of a text: from an offset to its line, from 1. */
export function lineFinder(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  };
}
