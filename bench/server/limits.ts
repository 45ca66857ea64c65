import {median} from '../report.ts';
import {adapterNames} from './contenders.ts';
import type {Findings} from './findings.ts';
import {type Cost, percentile} from './measures.ts';

/** A limit of the server and the measured figure. */
export interface Limit {
  readonly text: string;
  readonly found: number;
  readonly kept: boolean;
}

type Run = readonly Findings[];

/**
 * Compares the findings of several runs with the limits: of each figure, the median of the runs. A missing peer is not a
 * failure.
 */
export function limitsOf(runs: readonly Run[]): readonly Limit[] {
  const middle = (figure: (run: Run) => number): number => median(runs.map(figure).filter(Number.isFinite));
  return [
    atMost('CPU per request on kept connections, to the bare cluster', middle(cpuRatio('entrypoint', bare)), 1.1, 'x'),
    atMost(
      'CPU per request on new connections, to one node:http',
      middle(cpuRatio('entrypoint', 'node:http, one process', 'fresh')),
      1.3,
      'x',
    ),
    atMost(
      'CPU per request with the JSON access log, to the bare cluster',
      middle(cpuRatio('entrypoint, access log', bare)),
      1.4,
      'x',
    ),
    atMost(
      'CPU per request of a fetch handler, to a node-style one',
      middle(cpuRatio('entrypoint, fetch', 'entrypoint')),
      1.25,
      'x',
    ),
    // Behind the same server: in a bare cluster an adapter has no ids, limits and counts to pay for.
    ...adapterNames.map((adapter) =>
      atMost(
        `CPU per request of a fetch handler, to one behind the adapter of ${adapter}`,
        middle(cpuRatio('entrypoint, fetch', `entrypoint, ${adapter}`)),
        1,
        'x',
      ),
    ),
    atMost('CPU per request of threads, to the bare cluster', middle(cpuRatio('entrypoint threads', bare)), 5, 'x'),
    atLeast(
      'requests per second, to the bare cluster',
      middle((run) => ratio(findingsOf(run, 'entrypoint')?.kept, findingsOf(run, bare)?.kept, perSecond)),
      0.95,
      'x',
    ),
    atLeast(
      'requests per second, to the fastest of PM2, Watt, gunicorn and uWSGI',
      middle((run) => medianPerSecond(findingsOf(run, 'entrypoint')) / fastestPeer(run)),
      1,
      'x',
    ),
    // An ASGI application spends most of its time in asyncio.
    atLeast(
      'CPU per request of gunicorn gthread, to granian behind run (WSGI)',
      middle(cpuRatio('gunicorn gthread', 'run, granian WSGI')),
      5,
      'x',
    ),
    atMost('failed requests', Math.max(...runs.map(failedRequests)), 0, ''),
    atMost(
      '/health p99 of threads workers with busy handlers',
      middle((run) => p99(findingsOf(run, 'entrypoint threads'))),
      25,
      'ms',
    ),
    atMost(
      '/health p99 of sync workers with busy handlers, to gunicorn sync',
      middle((run) => p99(findingsOf(run, 'entrypoint sync')) / p99(findingsOf(run, 'gunicorn sync'))),
      1.2,
      'x',
    ),
    atMost(
      '/livez p99 of the arbiter with busy handlers',
      middle((run) => percentile(findingsOf(run, 'entrypoint')?.livez ?? [], 0.99)),
      15,
      'ms',
    ),
    atMost(
      'start-up beyond the bare cluster',
      middle(
        (run) => median(findingsOf(run, 'entrypoint')?.startMs ?? []) - median(findingsOf(run, bare)?.startMs ?? []),
      ),
      150,
      'ms',
    ),
    atMost(
      'memory of a worker beyond one of the bare cluster (PSS)',
      middle((run) => workerMegabytes(findingsOf(run, 'entrypoint')) - workerMegabytes(findingsOf(run, bare))),
      20,
      'MB',
    ),
    atMost(
      'memory of the arbiter (PSS)',
      middle((run) => findingsOf(run, 'entrypoint')?.memory?.root ?? Number.NaN),
      60,
      'MB',
    ),
  ].filter((limit) => limit !== undefined);
}

const bare = 'node:cluster, bare';

function findingsOf(run: Run, what: string): Findings | undefined {
  return run.find((each) => each.what === what);
}

function cpuRatio(what: string, to: string, kind: 'kept' | 'fresh' = 'kept'): (run: Run) => number {
  return (run) => ratio(findingsOf(run, what)?.[kind], findingsOf(run, to)?.[kind]);
}

function medianPerSecond(each: Findings | undefined): number {
  return median(each?.kept.map(perSecond) ?? []);
}

function fastestPeer(run: Run): number {
  return Math.max(...run.filter(({what}) => /^(PM2|Watt|gunicorn|uWSGI)/.test(what)).map(medianPerSecond));
}

function failedRequests(run: Run): number {
  return run
    .filter(({what}) => what.startsWith('entrypoint'))
    .flatMap(({kept, fresh}) => kept.concat(fresh))
    .reduce((sum, {failed}) => sum + failed, 0);
}

const p99 = (each: Findings | undefined): number => percentile(each?.health ?? [], 0.99);
const workerMegabytes = (each: Findings | undefined): number => median(each?.memory?.workers ?? []);
const cpu = ({cpuMicroseconds}: Cost): number => cpuMicroseconds;
const perSecond = (each: Cost): number => each.perSecond;

/** The median of the ratios of the rounds: whatever slows down a whole round affects both of its figures. */
export function ratio(
  of: readonly Cost[] = [],
  to: readonly Cost[] = [],
  figure: (cost: Cost) => number = cpu,
): number {
  return median(of.flatMap((each, round) => (to[round] === undefined ? [] : [figure(each) / figure(to[round])])));
}

/** A limit on a figure. Undefined for Infinity and NaN, which result from a missing peer. */
export function atMost(text: string, found: number, limit: number, unit: string): Limit | undefined {
  return Number.isFinite(found)
    ? {text: line(text, found, `at most ${limit}`, unit, found <= limit), found, kept: found <= limit}
    : undefined;
}

function atLeast(text: string, found: number, limit: number, unit: string): Limit | undefined {
  return Number.isFinite(found)
    ? {text: line(text, found, `at least ${limit}`, unit, found >= limit), found, kept: found >= limit}
    : undefined;
}

function line(text: string, found: number, limit: string, unit: string, kept: boolean): string {
  return (
    `limit: ${text}: ${limit} ${unit}`.trimEnd() + `; found ${Number(found.toFixed(2))}: ${kept ? 'kept' : 'NOT KEPT'}`
  );
}
