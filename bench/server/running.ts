import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {closeSync, openSync, readFileSync} from 'node:fs';
import {get} from 'node:http';
import {type AddressInfo, createServer} from 'node:net';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import type {Contender} from './contenders.ts';
import {processTree} from './processes.ts';

export interface Running {
  readonly what: string;
  readonly pid: number;
  readonly port: number;
  /** Milliseconds from its start to its first response. */
  readonly startMs: number;
  stop(this: void): Promise<void>;
}

/**
 * Starts a contender on a free port and waits for its first response.
 * @param directory where its output is written
 * @throws when it does not answer within 30 s, with the end of its output
 */
export async function startContender(
  {what, words: [program = '', ...words], cwd, env}: Contender,
  directory: string,
): Promise<Running> {
  const port = await freePort();
  const logFile = join(directory, `${what.replaceAll(/\W+/g, '-')}.log`);
  const [log, sink] = [openSync(logFile, 'w'), spawn('cat', [], {stdio: ['pipe', 'ignore', 'ignore']})];
  const started = performance.now();
  // Its stdout is a pipe with a reader, as in a container: a file or /dev/null would be cheaper than production.
  const child = spawn(program, words, {
    cwd,
    env: {PATH: process.env['PATH'], HOME: directory, LANG: 'C.UTF-8', ...env, PORT: String(port)},
    stdio: ['ignore', sink.stdin, log],
  });
  closeSync(log);
  const root = child.pid ?? 0;
  roots.add(root);
  const stop = async (): Promise<void> => {
    await end(child);
    roots.delete(root);
    sink.kill();
  };
  for (const limit = started + 30_000; !(await answers(port)); await sleep(2)) {
    if (performance.now() < limit && child.exitCode === null && child.signalCode === null) continue;
    await stop();
    throw new Error(
      `${what} does not answer: ${readFileSync(logFile, 'utf8').trim().split('\n').slice(-3).join(' | ')}`,
    );
  }
  return {what, pid: root, port, startMs: performance.now() - started, stop};
}

/** Sends INT, then kills the process and its descendants. */
async function end(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  const pids = processTree(child.pid ?? 0).map(({pid}) => pid);
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGINT');
    await Promise.race([ended, sleep(3000)]);
  }
  killAll(pids);
}

function killAll(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended already.
    }
  }
}

// Also when the benchmark is interrupted.
const roots = new Set<number>();
process.once('exit', () => {
  for (const root of roots) killAll(processTree(root).map(({pid}) => pid));
});

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    get({host: '127.0.0.1', port, path: '/health', agent: false, timeout: 2000}, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    })
      .once('error', () => resolve(false))
      .once('timeout', () => resolve(false));
  });
}

/** A currently unused port. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const {port} = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
