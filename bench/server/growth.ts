import {readdirSync} from 'node:fs';
import {setTimeout as sleep} from 'node:timers/promises';
import {median} from '../report.ts';
import {atMost, type Limit} from './limits.ts';
import {startLoad} from './load.ts';
import {loadFor, memory} from './measures.ts';
import {processTree} from './processes.ts';
import type {Running} from './running.ts';

/** The resources of a server: memory, and everything else that could leak. */
interface Holdings {
  readonly rootMegabytes: number;
  readonly workerMegabytes: number;
  readonly processes: number;
  readonly descriptors: number;
  readonly threads: number;
}

async function holdings(pid: number): Promise<Holdings> {
  const tree = processTree(pid);
  const count = (directory: string): number =>
    tree.reduce((sum, {pid: each}) => sum + readdirSync(`/proc/${each}/${directory}`).length, 0);
  const {root, workers} = memory(pid);
  return {
    rootMegabytes: root,
    workerMegabytes: Math.max(...workers),
    processes: tree.length,
    descriptors: count('fd'),
    threads: count('task'),
  };
}

/** Sends requests until `requests` were answered, and takes fifteen samples meanwhile. */
async function askTimes(
  {pid, port}: Running,
  requests: number,
): Promise<{readonly failed: number; readonly samples: readonly Holdings[]}> {
  const samples: Holdings[] = [];
  let [answered, failed] = [0, 0];
  while (answered < requests) {
    const outcome = await loadFor(0.5, port, [
      {count: 24, path: '/'},
      {count: 4, path: '/', keepAlive: false},
      {count: 4, path: '/', body: 'x'.repeat(500)},
    ]);
    answered += outcome.answered;
    failed += outcome.failures.length;
    if (answered >= (requests * (samples.length + 1)) / 15) samples.push(await holdings(pid));
  }
  return {failed, samples};
}

/** Sends HUP and waits until every worker is replaced. @throws after 60 s */
export async function reload({pid}: Running): Promise<void> {
  const workersNow = (): readonly number[] =>
    processTree(pid)
      .slice(1)
      .map((facts) => facts.pid);
  const old = workersNow();
  process.kill(pid, 'SIGHUP');
  for (const limit = Date.now() + 60_000; ; await sleep(50)) {
    const now = workersNow();
    if (now.length === old.length && now.every((each) => !old.includes(each))) return;
    if (Date.now() > limit)
      throw new Error(`60 s after SIGHUP the workers are ${now.join(', ')}; before it they were ${old.join(', ')}`);
  }
}

/**
 * Looks for growth: requests alone first, then reloads under requests.
 * @param full 200 reloads; else a twenty-fifth of that. The requests are always 1,000,000: with a fifth of them, heaps,
 * even those of the bare cluster, are still growing to their final size.
 */
export async function growthLimits(
  server: Running,
  full: boolean,
  note: (text: string) => void,
): Promise<readonly Limit[]> {
  const [requests, reloads] = [1_000_000, full ? 200 : 8];
  note(`growth: ${requests} requests`);
  const asked = await askTimes(server, requests);
  // In the first third, code is compiled and heaps reach their size. A heap fluctuates by some megabytes all the time.
  const third = Math.floor(asked.samples.length / 3);
  const grown = (figure: (held: Holdings) => number): number =>
    median(asked.samples.slice(2 * third).map(figure)) - median(asked.samples.slice(third, 2 * third).map(figure));
  const warm = await settled(server);
  note(`growth: ${reloads} reloads under load`);
  const load = startLoad({port: server.port}, [
    {count: 8, path: '/', thinkMs: 50},
    {count: 2, path: '/', keepAlive: false, thinkMs: 50},
  ]);
  for (let done = 0; done < Math.ceil(reloads / 4); done += 1) await reload(server);
  const reloaded = await settled(server);
  for (let done = Math.ceil(reloads / 4); done < reloads; done += 1) await reload(server);
  const failed = asked.failed + (await load.stop()).failures.length;
  const end = await settled(server);
  return [
    atMost(
      `growth of a worker over ${requests} requests (PSS)`,
      grown((held) => held.workerMegabytes),
      10,
      'MB',
    ),
    atMost(
      `growth of the arbiter over ${requests} requests (PSS)`,
      grown((held) => held.rootMegabytes),
      5,
      'MB',
    ),
    atMost(`growth of the arbiter over ${reloads} reloads (PSS)`, end.rootMegabytes - reloaded.rootMegabytes, 5, 'MB'),
    atMost('more processes at the end', end.processes - warm.processes, 0, ''),
    atMost('more threads at the end', end.threads - warm.threads, 0, ''),
    atMost('more file descriptors at the end', end.descriptors - warm.descriptors, 2, ''),
    atMost('failed requests meanwhile', failed, 0, ''),
  ].filter((limit) => limit !== undefined);
}

/** The resources once the last connections are closed. */
async function settled({pid}: Running): Promise<Holdings> {
  await sleep(2500);
  return holdings(pid);
}
