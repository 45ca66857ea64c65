import {type BalancerState, slotName} from './state.ts';

/** HAProxy's maximum weight. */
const full = 256;

const weight = (share: number): number => Math.max(1, Math.round(full * Math.min(1, share)));

/**
 * The weights of each server of the new and of the old release with which the new one, as a whole, gets `percent` of the
 * requests.
 * @throws RangeError for a share that leaves one of the releases without requests
 */
export function canaryWeights(
  percent: number,
  fresh: number,
  old: number,
): {readonly fresh: number; readonly old: number} {
  if (!(percent > 0 && percent < 100) || fresh < 1 || old < 1)
    throw new RangeError('a canary needs more than 0 % and less than 100 %, and servers of both releases');
  const ratio = (percent * old) / ((100 - percent) * fresh);
  return {fresh: weight(ratio), old: weight(1 / ratio)};
}

/** The weight of each server by slot name; undefined without a canary. */
export function weightsOf({slots, canary}: BalancerState): Record<string, number> | undefined {
  if (canary === undefined || slots.length === 0) return undefined;
  const weights = canaryWeights(canary.percent, canary.slots.length, slots.length);
  return Object.fromEntries([
    ...slots.map((slot) => [slotName(slot), weights.old] as const),
    ...canary.slots.map((slot) => [slotName(slot), weights.fresh] as const),
  ]);
}
