import {execFile} from 'node:child_process';
import {join} from 'node:path';
import {promisify} from 'node:util';
import type {Clients, Outcome} from './load.ts';
import {cpuOfTree, processTree, pssMegabytes} from './processes.ts';
import type {Running} from './running.ts';

const run = promisify(execFile);
const loadProgram = join(import.meta.dirname, 'load.ts');

/** Generates load from a separate process, so that its cost is not attributed to the server. */
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

// A process that is never idle reads many events in each turn of its loop, and so pays less for each. With 16 clients on
// new connections a single process is never idle, but two workers on two cores are. With enough clients all are busy.
const clients = {kept: 32, fresh: 256};

/** The cost of a request while clients send without a pause, on kept connections or on a new one for each request. */
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
 * The latencies of a balancer's health check in milliseconds, while four clients keep 20 ms handlers busy.
 * @param probe its path, and its port if it differs from the service's
 */
export async function healthLatencies(
  {port}: Running,
  seconds: number,
  probe: {readonly port?: number; readonly path: string},
): Promise<readonly number[]> {
  // On new connections, as with gunicorn's sync workers: kept ones could all belong to one worker, and the other would be
  // free for the probe.
  const busy = loadFor(seconds + 0.6, port, [{count: 4, path: '/work', keepAlive: false}]);
  // The probe starts when all workers are busy.
  await new Promise((resolve) => setTimeout(resolve, 400));
  const {latencies} = await loadFor(seconds, probe.port ?? port, [
    {count: 1, path: probe.path, keepAlive: false, thinkMs: 20},
  ]);
  await busy;
  return latencies;
}

export interface Memory {
  /** PSS in MB: of the started process, and of each of its children. */
  readonly root: number;
  readonly workers: readonly number[];
}

export function memory(pid: number): Memory {
  const children = processTree(pid).slice(1);
  return {root: pssMegabytes(pid), workers: children.map((child) => pssMegabytes(child.pid))};
}

/** The value that `share` of the figures do not exceed. */
export function percentile(figures: readonly number[], share: number): number {
  const sorted = figures.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
