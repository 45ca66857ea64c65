import {execFile} from 'node:child_process';
import {join} from 'node:path';
import {promisify} from 'node:util';
import type {Clients, Outcome} from './load.ts';
import {cpuOfTree, processTree, pssMegabytes} from './processes.ts';
import type {Running} from './running.ts';

const run = promisify(execFile);
const loadProgram = join(import.meta.dirname, 'load.ts');

/** Load from a process of its own, so that what it costs is not counted with the server. */
export async function loadFor(seconds: number, port: number, clients: readonly Clients[]): Promise<Outcome> {
  const {stdout} = await run(process.execPath, [loadProgram, JSON.stringify({port, clients, seconds})], {
    maxBuffer: 256 * 1024 * 1024,
    encoding: 'utf8',
  });
  return JSON.parse(stdout) as Outcome;
}

export interface Cost {
  /** Microseconds of CPU time, of all processes of the server. */
  readonly cpuMicroseconds: number;
  readonly perSecond: number;
  readonly failed: number;
}

// One process that is never idle reads many events at each turn of its loop, and so pays less for each: with 16 clients
// on new connections it does, and two workers on as many cores do not. With enough of them all are busy.
const clients = {kept: 32, fresh: 256};

/** What a request costs while clients ask without a pause, on kept connections or on a new one each time. */
export async function cost({pid, port}: Running, keepAlive: boolean, seconds: number): Promise<Cost> {
  const before = cpuOfTree(pid);
  const {
    answered,
    failures,
    seconds: took,
  } = await loadFor(seconds, port, [{count: keepAlive ? clients.kept : clients.fresh, path: '/', keepAlive}]);
  return {
    cpuMicroseconds: ((cpuOfTree(pid) - before) * 1e6) / answered,
    perSecond: answered / took,
    failed: failures.length,
  };
}

/**
 * What a balancer's health check waits for, milliseconds, while four clients keep handlers busy that compute for 20 ms.
 * @param probePort where the probe asks, if it is not the service
 */
export async function healthLatencies(
  {port}: Running,
  seconds: number,
  probe: {readonly port?: number; readonly path: string},
): Promise<readonly number[]> {
  // On new connections, as gunicorn's sync workers have them anyway: kept ones might all be with one worker, and the
  // other would have nothing to do but to answer the probe.
  const busy = loadFor(seconds + 0.6, port, [{count: 4, path: '/work', keepAlive: false}]);
  // Its first requests come when the others are at work.
  await new Promise((resolve) => setTimeout(resolve, 400));
  const {latencies} = await loadFor(seconds, probe.port ?? port, [
    {count: 1, path: probe.path, keepAlive: false, thinkMs: 20},
  ]);
  await busy;
  return latencies;
}

export interface Memory {
  /** PSS, MB: of the process that was started, and of each of its children. */
  readonly root: number;
  readonly workers: readonly number[];
}

export function memory(pid: number): Memory {
  const children = processTree(pid).slice(1);
  return {root: pssMegabytes(pid), workers: children.map((child) => pssMegabytes(child.pid))};
}

/** The value that `share` of them do not pass. */
export function percentile(figures: readonly number[], share: number): number {
  const sorted = figures.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
