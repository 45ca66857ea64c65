/** One request of the load, as demo/load.ts prints it. */
export interface Sample {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly ms: number;
  /** A request that takes 500 ms on purpose. */
  readonly slow: boolean;
  /** Empty: success. */
  readonly failure: string;
}

export interface Phase {
  readonly phase: string;
  readonly sent: number;
  readonly failed: number;
  /** Milliseconds, without the slow requests. */
  readonly p50: number;
  readonly p99: number;
}

/** Groups samples into before, during and after the deploy, by the time at which the request was sent. */
export function phases(samples: readonly Sample[], begin: number, end: number): Phase[] {
  const of = (phase: string, from: number, to: number): Phase => {
    const mine = samples.filter(({at}) => at >= from && at < to);
    const quick = mine
      .filter(({slow}) => !slow)
      .map(({ms}) => ms)
      .toSorted((a, b) => a - b);
    const failed = mine.filter(({failure}) => failure !== '').length;
    return {phase, sent: mine.length, failed, p50: quantile(quick, 0.5), p99: quantile(quick, 0.99)};
  };
  return [of('before', 0, begin), of('during', begin, end), of('after', end, Infinity)];
}

function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0;
}

export function table(rows: readonly Phase[]): string {
  const cells = [
    ['', 'sent', 'failed', 'p50 ms', 'p99 ms'],
    ...rows.map(({phase, sent, failed, p50, p99}) => [
      phase,
      String(sent),
      String(failed),
      p50.toFixed(1),
      p99.toFixed(1),
    ]),
  ];
  return cells
    .map((row) => row.map((cell, column) => (column === 0 ? cell.padEnd(8) : cell.padStart(9))).join(''))
    .join('\n');
}
