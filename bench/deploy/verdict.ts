import {median, type Report, type Row} from '../report.ts';

/** `overheadDedicated`: a deploy also locks and surveys the balancer's machine, which the bare script does not. */
export const limits = {overhead: 1.3, overheadDedicated: 1.45, growth: 1.1, roundTrips: 6, rollback: 3};

/** Seconds of each round, by the number of hosts. */
export type Times = Record<1 | 3, number[]>;

export interface Real {
  readonly bare: Times;
  readonly ours: Times;
  /** Behind one dedicated balancer. */
  readonly bareDedicated: Times;
  readonly dedicated: Times;
  /** Seconds, of three hosts. */
  readonly rollback: number;
  /** Calls of ssh of one deploy: the most that any host had. */
  readonly roundTrips: number;
}

export interface Simulated {
  readonly hosts: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
}

/** Ratios of each round, which limits are compared with. A slower machine slows both sides of a ratio. */
interface Compared {
  readonly ratios: readonly number[];
  readonly limit: number;
}

const roundsOf = ({bare}: Pick<Real, 'bare'>): readonly number[] => [...bare[3].keys()];
const quotient = (a: number | undefined, b: number | undefined): number => (a ?? NaN) / (b ?? NaN);

/** Each round's ratio of a deploy to the bare script, and of how much both grow from one host to three. */
export function comparisons(real: Pick<Real, 'bare' | 'ours' | 'bareDedicated' | 'dedicated'>): {
  readonly overhead: Record<1 | 3, Compared>;
  readonly overheadDedicated: Record<1 | 3, Compared>;
  readonly growthDedicated: Compared;
} {
  const {bare, ours, bareDedicated, dedicated} = real;
  const each = (limit: number, ratio: (round: number) => number): Compared => ({
    ratios: roundsOf(real).map(ratio),
    limit,
  });
  const against = (limit: number, deploys: Times, scripts: Times, count: 1 | 3): Compared =>
    each(limit, (round) => quotient(deploys[count][round], scripts[count][round]));
  return {
    overhead: {1: against(limits.overhead, ours, bare, 1), 3: against(limits.overhead, ours, bare, 3)},
    overheadDedicated: {
      1: against(limits.overheadDedicated, dedicated, bareDedicated, 1),
      3: against(limits.overheadDedicated, dedicated, bareDedicated, 3),
    },
    growthDedicated: each(limits.growth, (round) =>
      quotient(
        quotient(dedicated[3][round], dedicated[1][round]),
        quotient(bareDedicated[3][round], bareDedicated[1][round]),
      ),
    ),
  };
}

/** Whether another run of the same code would find every median on the same side of its limit. */
export function isDecided(real: Pick<Real, 'bare' | 'ours' | 'bareDedicated' | 'dedicated'>): boolean {
  const {overhead, overheadDedicated, growthDedicated} = comparisons(real);
  return [overhead[1], overhead[3], overheadDedicated[1], overheadDedicated[3], growthDedicated].every(
    ({ratios, limit}) => {
      const {low, high} = medianBounds(ratios);
      return high <= limit || low > limit;
    },
  );
}

/**
 * Two order statistics between which the median lies with a probability of at least 95 %: a sign test, which assumes no
 * distribution. With fewer than six figures, the smallest and the largest.
 */
export function medianBounds(figures: readonly number[]): {readonly low: number; readonly high: number} {
  const sorted = figures.toSorted((a, b) => a - b);
  let rank = 0;
  let term = 0.5 ** sorted.length;
  for (let below = term; below <= 0.025; below += term) {
    rank += 1;
    term *= (sorted.length - rank + 1) / rank;
  }
  const skipped = Math.max(rank - 1, 0);
  return {low: sorted[skipped] ?? NaN, high: sorted.at(-1 - skipped) ?? NaN};
}

const middle = (times: Times): Readonly<Record<1 | 3, number>> => ({1: median(times[1]), 3: median(times[3])});

const kept = (is: boolean): string => (is ? 'kept' : 'NOT KEPT');

const grown = (times: Readonly<Record<1 | 3, number>>): string => (times[3] / times[1]).toFixed(2);

/** The table and the verdict: each limit is compared with the median that is printed. */
export function report(real: Real, simulated: readonly Simulated[]): Report {
  const {rollback, roundTrips} = real;
  const {overhead, overheadDedicated, growthDedicated} = comparisons(real);
  const seconds = {bare: middle(real.bare), ours: middle(real.ours)};
  const secondsDedicated = {bare: middle(real.bareDedicated), ours: middle(real.dedicated)};
  const ratio = {1: median(overhead[1].ratios), 3: median(overhead[3].ratios)};
  const ratioDedicated = {1: median(overheadDedicated[1].ratios), 3: median(overheadDedicated[3].ratios)};
  const growth = median(growthDedicated.ratios);
  const {low, high} = medianBounds(growthDedicated.ratios);
  const checks: readonly {readonly text: string; readonly is: boolean}[] = [
    {
      text: `a deploy to one host takes at most ${limits.overhead} x the bare script: ${ratio[1].toFixed(2)}`,
      is: ratio[1] <= limits.overhead,
    },
    {text: `to three hosts: ${ratio[3].toFixed(2)}`, is: ratio[3] <= limits.overhead},
    {
      text: `behind one balancer, at most ${limits.overheadDedicated} x: to one host ${ratioDedicated[1].toFixed(2)}, to three ${ratioDedicated[3].toFixed(2)}`,
      is: Math.max(ratioDedicated[1], ratioDedicated[3]) <= limits.overheadDedicated,
    },
    {
      text: `three hosts behind one balancer grow at most ${limits.growth} x as much as the bare script: ${growth.toFixed(2)} (between ${low.toFixed(2)} and ${high.toFixed(2)}; over one host, the deploy takes ${grown(secondsDedicated.ours)} x, the script ${grown(secondsDedicated.bare)} x; with a balancer on each, ${grown(seconds.ours)} x and ${grown(seconds.bare)} x)`,
      is: growth <= limits.growth,
    },
    {
      text: `a rollback of three hosts takes at most ${limits.rollback} s: ${rollback.toFixed(1)}`,
      is: rollback <= limits.rollback,
    },
    {
      text: `at most ${limits.roundTrips} round trips by ssh per host, including the wait for its health: ${roundTrips}`,
      is: roundTrips <= limits.roundTrips,
    },
  ];
  const one = simulated[0]?.seconds ?? Number.NaN;
  const rows: Row[] = [
    {what: 'bare script, 1 host', figures: [seconds.bare[1]], ratio: 1},
    {what: 'entrypoint deploy, 1 host', figures: [seconds.ours[1]], ratio: ratio[1]},
    {what: 'bare script, 3 hosts', figures: [seconds.bare[3]], ratio: 1},
    {what: 'entrypoint deploy, 3 hosts', figures: [seconds.ours[3]], ratio: ratio[3]},
    {what: 'bare script behind one balancer, 1 host', figures: [secondsDedicated.bare[1]], ratio: 1},
    {
      what: 'entrypoint deploy behind one balancer, 1 host',
      figures: [secondsDedicated.ours[1]],
      ratio: ratioDedicated[1],
    },
    {what: 'bare script behind one balancer, 3 hosts', figures: [secondsDedicated.bare[3]], ratio: 1},
    {
      what: 'entrypoint deploy behind one balancer, 3 hosts',
      figures: [secondsDedicated.ours[3]],
      ratio: ratioDedicated[3],
    },
    {what: 'entrypoint rollback, 3 hosts', figures: [rollback], ratio: rollback / seconds.ours[3]},
    ...simulated.map(({hosts, seconds: wall}) => ({
      what: `entrypoint deploy, ${hosts} simulated`,
      figures: [wall],
      ratio: wall / one,
    })),
  ];
  return {
    name: 'deploy',
    about: `wall time of a deploy of another image, one replica per host, one worker each, watch_seconds 0: median of ${real.bare[3].length} rounds in turn; the ratio is the median of each round's ratio to the bare script above it, and that of the medians to the deploy and to one simulated host`,
    columns: ['wall s'],
    rows,
    notes: [
      ...checks.map(({text, is}) => `limit: ${text}: ${kept(is)}`),
      `simulated: ssh 20 ms, docker run 430 ms, stop 280 ms, ...; CPU seconds of the deployer and all simulated programs: ${simulated.map(({hosts, cpuSeconds}) => `${cpuSeconds.toFixed(1)} for ${hosts}`).join(', ')}`,
    ],
    passed: checks.every(({is}) => is),
  };
}
