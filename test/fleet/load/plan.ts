/** The requests of a load. Nothing is random: two runs send the same. */
export interface Shape {
  /** Addresses, in turn: `http://10.0.0.1:8080`. */
  readonly addresses: readonly string[];
  readonly perSecond: number;
  /** One in so many is slow. Default 10. */
  readonly slowEvery?: number | undefined;
  /** Duration of a slow request, in milliseconds. Default 500. */
  readonly slowMs?: number | undefined;
}

export interface Ask {
  readonly address: string;
  readonly path: string;
  readonly method: 'GET' | 'POST';
  readonly kept: boolean;
  readonly slow: boolean;
}

/** The request of a turn: every other one on a kept connection, one in nine a POST, one in `slowEvery` slow, on every address. */
export function ask({addresses, slowEvery = 10, slowMs = 500}: Shape, turn: number): Ask {
  const index = Math.floor(turn / addresses.length);
  // Strides that have no divisor in common, or drift: each kind meets each other kind.
  const slow = (index + Math.floor(index / slowEvery)) % slowEvery === 3 % slowEvery;
  return {
    address: addresses[turn % addresses.length] ?? '',
    path: slow ? `/?ms=${slowMs}` : '/',
    method: index % 9 === 4 ? 'POST' : 'GET',
    kept: index % 2 === 0,
    slow,
  };
}
