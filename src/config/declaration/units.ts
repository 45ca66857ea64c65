const milliseconds: Readonly<Record<string, number>> = {ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000};

/** `1h30m` in milliseconds; undefined if the text is no duration. */
export function durationOf(text: string): number | undefined {
  if (!/^(?:\d{1,15}(?:\.\d{1,9})?(?:ms|s|m|h|d))+$/.test(text)) return undefined;
  let sum = 0;
  for (const [, number, unit = ''] of text.matchAll(/([\d.]+)(ms|s|m|h|d)/g))
    sum += Number(number) * (milliseconds[unit] ?? 0);
  return safe(sum);
}

const bytes: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** `64MiB` in bytes; undefined if the text is no size. */
export function sizeOf(text: string): number | undefined {
  const [, number, unit = 'B'] = /^(\d{1,15}(?:\.\d{1,9})?)([kKMGT]?B|[KMGT]iB)?$/.exec(text) ?? [];
  return number === undefined ? undefined : safe(Number(number) * (bytes[unit] ?? Number.NaN));
}

function safe(value: number): number | undefined {
  const whole = Math.floor(value + 0.5);
  return Number.isSafeInteger(whole) ? whole : undefined;
}
