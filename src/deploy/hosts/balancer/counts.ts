/** What a balancer counted of a server since it was started in its slot, or of several together. */
export interface Counts {
  /** Requests that were sent to it. */
  readonly requests: number;
  /** Answers with a status of 500 or more, those included that the balancer gave in its settings. */
  readonly errors: number;
  /** Connections that were refused or broke, and answers that were none. */
  readonly failed: number;
  /** Requests that were sent again, here or elsewhere. */
  readonly retries: number;
  readonly answers: number;
  /** Time until the answers began, all together. */
  readonly milliseconds: number;
}

const none: Counts = {requests: 0, errors: 0, failed: 0, retries: 0, answers: 0, milliseconds: 0};

/** Reads what `lb counts` prints: a line each server, its name and `what=number`. */
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

/** How much worse a release may be. */
export interface Tolerance {
  /**
   * How seldom chance alone makes an equal release look so bad. A watch asks every second, so that in a whole deploy it
   * happens a few times as often.
   */
  readonly chance: number;
  /** Failures that are looked over in any case, */
  readonly failures: number;
  /** and a rate of them that is as many times the old one's. */
  readonly rate: number;
  /** It may take as many times as long as the old one, */
  readonly slower: number;
  /** and always so many milliseconds longer. */
  readonly milliseconds: number;
}

const tolerance: Tolerance = {chance: 0.0002, failures: 2, rate: 1.5, slower: 2, milliseconds: 100};

/**
 * Is a new release worse than the old one? The reason in words, or undefined. Too little traffic proves nothing.
 * The old one's rates are its own; as long as it has had few requests, one failure in a thousand is taken for normal.
 */
export function judge(old: Counts, fresh: Counts, allowed: Tolerance = tolerance): string | undefined {
  const more = (what: 'errors' | 'failed', words: string): string | undefined => {
    const usual = (old[what] + 1) / (old.requests + 1000);
    if (fresh[what] <= allowed.failures || fresh[what] < allowed.rate * fresh.requests * usual) return undefined;
    if (chanceOf(fresh[what], fresh.requests * usual) >= allowed.chance) return undefined;
    return `${fresh[what]} of ${fresh.requests} requests ${words}, and ${old[what]} of ${old.requests} with the old release`;
  };
  return (
    more('errors', 'were answered with a server error (5xx)') ??
    more('failed', 'met a refused or broken connection') ??
    slower(old, fresh, allowed)
  );
}

// A mean of few is no measure.
const enough = 100;

function slower(old: Counts, fresh: Counts, allowed: Tolerance): string | undefined {
  if (old.answers < enough || fresh.answers < enough) return undefined;
  const [before, after] = [old, fresh].map(({milliseconds, answers}) => milliseconds / answers) as [number, number];
  if (after <= before * allowed.slower || after <= before + allowed.milliseconds) return undefined;
  return `answers take ${Math.round(after)} ms on average, and ${Math.round(before)} ms with the old release`;
}

/** The probability of `count` or more rare events where `mean` are expected (Poisson), by logarithms: `mean` may be large. */
function chanceOf(count: number, mean: number): number {
  let term = -mean;
  let fewer = 0;
  for (let index = 0; index < count; index += 1) {
    fewer += Math.exp(term);
    term += Math.log(mean / (index + 1));
  }
  return 1 - Math.min(1, fewer);
}
