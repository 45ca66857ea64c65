import {median} from '../report.ts';
import type {Findings} from './findings.ts';
import {type Cost, percentile} from './measures.ts';

/** A limit of the server and the measured figure. */
export interface Limit {
  readonly text: string;
  readonly found: number;
  readonly kept: boolean;
}

/** Compares the findings with the limits. A missing peer is not a failure. */
export function limitsOf(findings: readonly Findings[]): readonly Limit[] {
  const of = (what: string): Findings | undefined => findings.find((each) => each.what === what);
  const [single, bare, ours, logging] = [
    of('node:http, one process'),
    of('node:cluster, bare'),
    of('entrypoint'),
    of('entrypoint, access log'),
  ];
  const [sync, threads, gunicorn] = [of('entrypoint sync'), of('entrypoint threads'), of('gunicorn sync')];
  const peers = findings.filter(({what}) => /^(PM2|Watt|gunicorn|uWSGI)/.test(what));
  const fastest = Math.max(...peers.flatMap(({kept}) => median(kept.map(({perSecond}) => perSecond))));
  const failed = [...(ours?.kept ?? []), ...(ours?.fresh ?? []), ...(logging?.kept ?? [])].reduce(
    (sum, each) => sum + each.failed,
    0,
  );
  return [
    atMost('CPU per request on kept connections, to the bare cluster', ratio(ours?.kept, bare?.kept, cpu), 1.1, 'x'),
    atMost('CPU per request on new connections, to one node:http', ratio(ours?.fresh, single?.fresh, cpu), 1.25, 'x'),
    atMost(
      'CPU per request with the JSON access log, to the bare cluster',
      ratio(logging?.kept, bare?.kept, cpu),
      1.4,
      'x',
    ),
    atLeast('requests per second, to the bare cluster', ratio(ours?.kept, bare?.kept, perSecond), 0.95, 'x'),
    atLeast(
      'requests per second, to the fastest of PM2, Watt, gunicorn and uWSGI',
      median(ours?.kept.map(perSecond) ?? []) / fastest,
      1,
      'x',
    ),
    atMost('failed requests', failed, 0, ''),
    atMost('/health p99 of threads workers with busy handlers', p99(threads), 25, 'ms'),
    atMost('/health p99 of sync workers with busy handlers, to gunicorn sync', p99(sync) / p99(gunicorn), 1.2, 'x'),
    atMost('/livez p99 of the arbiter with busy handlers', percentile(ours?.livez ?? [], 0.99), 10, 'ms'),
    atMost('start-up beyond the bare cluster', median(ours?.startMs ?? []) - median(bare?.startMs ?? []), 150, 'ms'),
    atMost(
      'memory of a worker beyond one of the bare cluster (PSS)',
      workerMegabytes(ours) - workerMegabytes(bare),
      20,
      'MB',
    ),
    atMost('memory of the arbiter (PSS)', ours?.memory?.root ?? Number.NaN, 60, 'MB'),
  ].filter((limit) => limit !== undefined);
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
