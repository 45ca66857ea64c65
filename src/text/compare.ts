/**
 * The order of two texts by code units, for `toSorted`: the same on every machine. A locale's order also costs its first
 * comparison 10 ms.
 */
export const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
