import assert from 'node:assert/strict';
import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import {after} from 'node:test';
import {type Clients, type Load, startLoad as start, type Target} from '../../../bench/server/load.ts';
import {type ProcessFacts, processTree} from '../../../bench/server/processes.ts';
import {freePort} from '../../../bench/server/running.ts';
import {until} from '../../support/until.ts';

/** Whether to run the long variants. */
export const all = process.env['ENTRYPOINT_TEST_ALL'] === 'yes';

const root = join(import.meta.dirname, '../../..');
export const busy = join(import.meta.dirname, 'fixtures/busy.mjs');
export const naive = join(import.meta.dirname, 'fixtures/naive.mjs');
const bundled = join(root, 'dist/serve.js');

/** A real server, with its arbiter and workers. */
export interface Server {
  readonly pid: number;
  readonly port: number;
  /** stdout and stderr so far. */
  log(this: void): string;
  /** Its running child processes. */
  workers(this: void): readonly ProcessFacts[];
  signal(this: void, name: NodeJS.Signals): void;
  /** Sends HUP and waits until every worker is replaced and two are running. */
  reload(this: void): Promise<void>;
  /** Resolves when it has ended: how, and after how many milliseconds from the call. */
  ended(this: void): Promise<{readonly code: number | null; readonly signal: string | null; readonly ms: number}>;
}

/** Starts the server with the busy service and waits until all of its `--workers` are ready. Ends with the test file. */
export async function startServer(...flags: readonly string[]): Promise<Server> {
  const server = await startProgram([
    existsSync(bundled) ? bundled : join(root, 'src/server/serve.ts'),
    busy,
    ...flags,
  ]);
  const workers = Number(flags[flags.indexOf('--workers') + 1]);
  await until(
    () => `all ${workers} workers are ready: ${server.log()}`,
    () => server.log().split('"worker_ready"').length > workers,
    20,
  );
  return server;
}

/** The same with another program, which serves the busy service on PORT. */
export async function startProgram(words: readonly string[]): Promise<Server> {
  const port = await freePort();
  const child = spawn(process.execPath, words, {
    env: {PATH: process.env['PATH'], HOME: '/', ENTRYPOINT_RUN_HOST: '127.0.0.1', PORT: String(port)},
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => (output += bytes.toString()));
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  after(() => endAll(child, exited));
  const pid = child.pid ?? 0;
  started.add(pid);
  const workers = (): readonly ProcessFacts[] => processTree(pid).slice(1);
  const server: Server = {
    pid,
    port,
    workers,
    log: () => output,
    signal: (name) => void process.kill(pid, name),
    reload: async () => {
      const old = workers().map((worker) => worker.pid);
      process.kill(pid, 'SIGHUP');
      await until(
        () =>
          `the old workers have exited: ${old.join(', ')}; there are ${workers()
            .map((worker) => worker.pid)
            .join(', ')}`,
        () => workers().length >= 2 && workers().every((worker) => !old.includes(worker.pid)),
        60,
      );
    },
    ended: async () => {
      const from = performance.now();
      const [code, signal] = await exited;
      return {code, signal, ms: performance.now() - from};
    },
  };
  await until(
    () => `the server answers: ${output}`,
    async () => {
      assert.equal(child.exitCode, null, output);
      return answers(port);
    },
    20,
  );
  return server;
}

// Also when the tests are interrupted: the servers would keep running. Their workers exit with them.
const started = new Set<number>();
process.once('exit', () => {
  for (const pid of started) kill(pid, 'SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

async function endAll(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  const pids = processTree(child.pid ?? 0).map((each) => each.pid);
  for (const pid of pids) kill(pid, 'SIGKILL');
  await exited;
  started.delete(child.pid ?? 0);
}

/** Load that ends with the test file, even if a test fails. */
export function startLoad(target: Target, kinds: readonly Clients[]): Load {
  const load = start(target, kinds);
  after(() => load.stop());
  return load;
}

/** The failures at a stop that are lost requests. A refused connection is not: a stopped server refuses new clients. */
export function lost(failures: readonly string[]): readonly string[] {
  return failures.filter((failure) => !failure.includes('ECONNREFUSED'));
}

/** Sends a signal to a process that can have ended. */
export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Does the server answer on a new connection, within a second by default? */
export async function answers(port: number, milliseconds = 1000): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/`, {
      headers: {connection: 'close'},
      signal: AbortSignal.timeout(milliseconds),
    });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

/** The number of open descriptors of a process. */
export function descriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** Every kind of client: kept and new connections, with and without pauses, POSTs, slow and large responses. */
export const everyKind: readonly Clients[] = [
  {count: 8, path: '/', thinkMs: 600},
  {count: 2, path: '/', thinkMs: 4},
  {count: 4, path: '/', thinkMs: 40, keepAlive: false},
  {count: 3, path: '/echo', thinkMs: 100, body: 'b'.repeat(3000)},
  {count: 1, path: '/echo', thinkMs: 40, body: 'b'.repeat(200_000), keepAlive: false},
  {count: 2, path: '/slow?ms=300', thinkMs: 200},
  {count: 1, path: '/slow?ms=200', thinkMs: 50, keepAlive: false},
  {count: 1, path: '/big', thinkMs: 200},
  {count: 1, path: '/stream?events=3', thinkMs: 100},
];
