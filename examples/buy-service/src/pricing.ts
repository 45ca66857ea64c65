/** Points of one loyalty programme at one price. All amounts are integers. */
export interface Product {
  readonly id: string;
  readonly name: string;
  /** ISO 4217. */
  readonly currency: string;
  readonly cents_per_1000_points: number;
  readonly min_points: number;
  readonly max_points: number;
  /** Points are sold in multiples of this. */
  readonly points_step: number;
  /** From this number of points on, the discount applies to the whole quote. */
  readonly discount_from_points: number;
  readonly discount_percent: number;
}

/**
 * The price of `points` in integer cents, rounded up to a whole cent once, at the end.
 * The schema keeps points below 10^7 and prices below 10^6, so that every product here is below 2^53.
 */
export function priceInCents(product: Product, points: number): number {
  const discount = points >= product.discount_from_points ? product.discount_percent : 0;
  return divideRoundingUp(points * product.cents_per_1000_points * (100 - discount), 100_000);
}

/** Why this number of points is not sold; undefined: it is. */
export function pointsProblem(product: Product, points: number): string | undefined {
  const {min_points: min, max_points: max, points_step: step} = product;
  if (points >= min && points <= max && points % step === 0) return undefined;
  return `points must be from ${min} to ${max} in steps of ${step}`;
}

/** Integer arithmetic only: `Math.ceil(a / b)` is subject to floating-point rounding. */
function divideRoundingUp(dividend: number, divisor: number): number {
  const remainder = dividend % divisor;
  return (dividend - remainder) / divisor + (remainder > 0 ? 1 : 0);
}
