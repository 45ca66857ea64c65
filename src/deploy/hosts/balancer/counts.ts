/** What a balancer has counted for a server since its start in its slot, or for several together. */
export interface Counts {
  /** Requests sent to it. */
  readonly requests: number;
  /** Answers with a status of 500 or more, including those that the balancer gave in place of the server. */
  readonly errors: number;
  /** Connections refused or broken, and invalid answers. */
  readonly failed: number;
  /** Requests retried, on this server or another. */
  readonly retries: number;
  readonly answers: number;
  /** Sum of the times until the answers began. */
  readonly milliseconds: number;
}

const none: Counts = {requests: 0, errors: 0, failed: 0, retries: 0, answers: 0, milliseconds: 0};

/** Parses the output of `lb counts`: a line for each server, with its name and `key=number`. */
export function parseCounts(text: string): ReadonlyMap<string, Counts> {
  const lines = text.split('\n').filter((line) => line.includes('='));
  return new Map(
    lines.map((line) => {
      const [server = '', ...words] = line.trim().split(/\s+/);
      const numbers = Object.fromEntries(
        words.map((word) => word.split('=')).map(([what = '', number]) => [what, Number(number)]),
      );
      return [server, {...none, ...numbers}];
    }),
  );
}

export function sumCounts(all: Iterable<Counts>): Counts {
  const sum = {...none};
  for (const one of all) for (const key of Object.keys(none) as (keyof Counts)[]) sum[key] += one[key];
  return sum;
}

/** How much worse a release can be without being judged worse. */
export interface Tolerance {
  /**
   * The probability that an equal release looks so bad by chance. A watch compares every second, so over a whole deploy
   * it is a few times as high.
   */
  readonly chance: number;
  /** Failures that are always ignored, */
  readonly failures: number;
  /** and a failure rate up to this multiple of the old release's. */
  readonly rate: number;
  /** The time of an answer can be this multiple of the old release's, */
  readonly slower: number;
  /** and is never too long with less than this more. */
  readonly milliseconds: number;
}

const tolerance: Tolerance = {chance: 0.0002, failures: 2, rate: 1.5, slower: 2, milliseconds: 100};

/**
 * Judges whether a new release is worse than the old one: the reason, or undefined. Too little traffic proves nothing.
 * While the old release has had few requests, one failure in a thousand counts as normal.
 */
export function judge(old: Counts, fresh: Counts, allowed: Tolerance = tolerance): string | undefined {
  const more = (what: 'errors' | 'failed', words: string): string | undefined => {
    const usual = (old[what] + 1) / (old.requests + 1000);
    if (fresh[what] <= allowed.failures || fresh[what] < allowed.rate * fresh.requests * usual) return undefined;
    if (chanceOf(fresh[what], fresh.requests * usual) >= allowed.chance) return undefined;
    return `${fresh[what]} of ${fresh.requests} requests ${words}, ${old[what]} of ${old.requests} with the old release`;
  };
  return (
    more('errors', 'got a server error (5xx)') ??
    more('failed', 'met a refused or broken connection') ??
    slower(old, fresh, allowed)
  );
}

// The mean of fewer is too noisy.
const enough = 100;

function slower(old: Counts, fresh: Counts, allowed: Tolerance): string | undefined {
  if (old.answers < enough || fresh.answers < enough) return undefined;
  const [before, after] = [old, fresh].map(({milliseconds, answers}) => milliseconds / answers) as [number, number];
  if (after <= before * allowed.slower || after <= before + allowed.milliseconds) return undefined;
  return `answers take ${Math.round(after)} ms on average, ${Math.round(before)} ms with the old release`;
}

/**
 * The probability of `count` or more rare events where `mean` are expected (Poisson). In logarithms, since `mean` can
 * be large.
 */
function chanceOf(count: number, mean: number): number {
  let term = -mean;
  let fewer = 0;
  for (let index = 0; index < count; index += 1) {
    fewer += Math.exp(term);
    term += Math.log(mean / (index + 1));
  }
  return 1 - Math.min(1, fewer);
}
