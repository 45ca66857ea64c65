import {cpSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {type BenchOptions, median, type Note, type Report} from './report.ts';
import {
  adapterContenders,
  adaptersInOurs,
  bareCluster,
  type Contender,
  ours,
  peerContenders,
  single,
} from './server/contenders.ts';
import {type Findings, nothingYet} from './server/findings.ts';
import {growthLimits} from './server/growth.ts';
import {type Limit, limitsOf, ratio} from './server/limits.ts';
import {cost, type Cost, healthLatencies, loadFor, memory, percentile} from './server/measures.ts';
import {installPeers, type Peers} from './server/peers.ts';
import {freePort, type Running, startContender} from './server/running.ts';

interface Extent {
  /** Runs with processes of their own: what one process is slower by, from its start to its end, is noise of a run. */
  readonly runs: number;
  readonly rounds: number;
  readonly seconds: number;
  /**
   * Additional rounds of the contenders with limits relative to each other, which are tighter than the noise of a round:
   * many short ones, so that what slows down the machine for a while affects both figures of a ratio.
   */
  readonly ownRounds: number;
  readonly ownSeconds: number;
  readonly healthRounds: number;
  readonly healthSeconds: number;
  readonly starts: number;
}

const usual: Extent = {
  runs: 3,
  rounds: 3,
  seconds: 0.6,
  ownRounds: 15,
  ownSeconds: 0.3,
  healthRounds: 1,
  healthSeconds: 2.5,
  starts: 4,
};
const short: Extent = {
  runs: 1,
  rounds: 2,
  seconds: 0.5,
  ownRounds: 0,
  ownSeconds: 0,
  healthRounds: 1,
  healthSeconds: 2,
  starts: 3,
};

/** Compares servers: CPU per request, latency of a health check under load, start-up, memory, growth. */
export async function bench(note: Note, {quick, full}: BenchOptions): Promise<Report> {
  const extent = quick ? short : usual;
  const directory = mkdtempSync(join(tmpdir(), 'entrypoint-bench-'));
  const remove = (): void => rmSync(directory, {recursive: true, force: true});
  process.once('exit', remove);
  try {
    cpSync(join(import.meta.dirname, 'server/service'), directory, {recursive: true});
    const peers = installPeers(note);
    const runs: (readonly Findings[])[] = [];
    for (let run = 1; run <= extent.runs; run += 1) {
      note(`run ${run} of ${extent.runs}`);
      runs.push(await measure(directory, peers, extent, note));
    }
    return report(runs, [...limitsOf(runs), ...(quick ? [] : await growth(directory, full, note))], extent);
  } finally {
    remove();
  }
}

/** One run: every contender, started anew. */
async function measure(directory: string, peers: Peers, extent: Extent, note: Note): Promise<readonly Findings[]> {
  const servers: Running[] = [];
  const adminPort = await freePort();
  const own = [
    single(directory),
    bareCluster(directory),
    ours('entrypoint', directory, ['--admin-bind', `127.0.0.1:${adminPort}`]),
    ours('entrypoint, access log', directory, ['--access-log']),
    ours('entrypoint, fetch', directory, [], 'fetch.mjs'),
    ...adaptersInOurs(directory, peers),
  ];
  const contenders = [
    ...own,
    ours('entrypoint sync', directory, ['--worker-class', 'sync']),
    ours('entrypoint threads', directory, ['--worker-class', 'threads']),
    ...adapterContenders(directory, peers),
    ...peerContenders(directory, peers),
  ];
  try {
    const findings = await startAll(contenders, directory, servers, note);
    await compareCosts(servers, findings, extent, note);
    if (extent.ownRounds > 0) {
      const relative = servers.filter(({what}) => own.some((contender) => contender.what === what));
      await compareCosts(relative, findings, {rounds: extent.ownRounds, seconds: extent.ownSeconds}, note);
    }
    await compareHealth(servers, findings, adminPort, extent, note);
    for (const server of servers.splice(0)) await server.stop();
    await compareMemory(extent === short ? contenders.slice(1, 3) : contenders, findings, directory, note);
    await compareStarts(contenders.slice(1, 3), findings, directory, extent, note);
    return findings;
  } finally {
    for (const server of servers) await server.stop();
  }
}

/** Starts all of them at once: idle ones cost next to nothing, and all are warm in each round. */
async function startAll(
  contenders: readonly Contender[],
  directory: string,
  servers: Running[],
  note: Note,
): Promise<readonly Findings[]> {
  const findings: Findings[] = [];
  for (const contender of contenders) {
    note(`starting ${contender.what}`);
    try {
      const server = await startContender(contender, directory);
      servers.push(server);
      findings.push({...nothingYet(contender.what), startMs: [server.startMs]});
    } catch (error) {
      // A peer that this machine cannot run is skipped. Ours and its references are required.
      if (/^(node|entrypoint)/.test(contender.what)) throw error;
      note(`skipped: ${(error as Error).message}`);
    }
  }
  return findings;
}

async function compareCosts(
  servers: readonly Running[],
  findings: readonly Findings[],
  {rounds, seconds}: Pick<Extent, 'rounds' | 'seconds'>,
  note: Note,
): Promise<void> {
  // The first round compiles code and fills caches; it does not count. Each round starts with another contender.
  for (let round = -1; round < rounds; round += 1) {
    note(round < 0 ? 'a request: warming up' : `a request: round ${round + 1} of ${rounds}`);
    for (let turn = 0; turn < servers.length; turn += 1) {
      const index = (turn + round + servers.length) % servers.length;
      const server = servers[index]!;
      const found = findings.find(({what}) => what === server.what)!;
      const [kept, fresh] = [await cost(server, true, seconds), await cost(server, false, seconds)];
      if (round < 0) continue;
      found.kept.push(kept);
      found.fresh.push(fresh);
    }
  }
}

async function compareHealth(
  servers: readonly Running[],
  findings: readonly Findings[],
  adminPort: number,
  {healthRounds, healthSeconds}: Extent,
  note: Note,
): Promise<void> {
  for (let round = 0; round < healthRounds; round += 1) {
    note(`health of a busy server: round ${round + 1} of ${healthRounds}`);
    for (const [index, server] of servers.entries()) {
      // A single process has no other worker to answer, and the log makes no difference.
      if (index === 0 || server.what === 'entrypoint, access log') continue;
      findings
        .find(({what}) => what === server.what)!
        .health.push(...(await healthLatencies(server, healthSeconds, {path: '/health'})));
      if (server.what === 'entrypoint')
        findings
          .find(({what}) => what === server.what)!
          .livez.push(...(await healthLatencies(server, healthSeconds, {path: '/livez', port: adminPort})));
    }
  }
}

/** One at a time: with other processes of the same program, the PSS of its code would be smaller. */
async function compareMemory(
  contenders: readonly Contender[],
  findings: readonly Findings[],
  directory: string,
  note: Note,
): Promise<void> {
  note('memory');
  for (const contender of contenders) {
    const found = findings.find(({what}) => what === contender.what);
    if (found === undefined) continue;
    const server = await startContender(contender, directory);
    await loadFor(0.5, server.port, [{count: 32, path: '/'}]);
    found.memory = memory(server.pid);
    await server.stop();
  }
}

/** Time to the first response, alternating between the bare cluster and ours. */
async function compareStarts(
  contenders: readonly Contender[],
  findings: readonly Findings[],
  directory: string,
  {starts}: Extent,
  note: Note,
): Promise<void> {
  note(`start-up: ${starts} of each`);
  for (let round = 0; round < starts; round += 1) {
    for (const contender of contenders) {
      const server = await startContender(contender, directory);
      findings.find(({what}) => what === contender.what)?.startMs.push(server.startMs);
      await server.stop();
    }
  }
}

async function growth(directory: string, full: boolean, note: Note): Promise<readonly Limit[]> {
  const server = await startContender(ours('entrypoint', directory), directory);
  try {
    return await growthLimits(server, full, note);
  } finally {
    await server.stop();
  }
}

function report(
  runs: readonly (readonly Findings[])[],
  limits: readonly Limit[],
  {runs: count, rounds, seconds, ownRounds, ownSeconds}: Extent,
): Report {
  const findings = merged(runs);
  return {
    name: 'server',
    about:
      `A small JSON answer from two workers; CPU of all processes of the server, not of the load: median of ${count} x ${rounds} interleaved rounds of ${seconds} s, and ${count} x ${ownRounds} more of ${ownSeconds} s of the first ones. A limit is compared with the median of the runs' figures.\n` +
      'health: p99 of a health check while 4 clients keep 20 ms handlers busy. MB: PSS, with nothing else running. The ratio is of CPU per request on kept connections, to the first row.',
    columns: ['kept: us', 'req/s', 'new: us', 'req/s', 'health ms', 'start ms', 'MB per worker', 'MB root'],
    rows: findings.map(({what, kept, fresh, health, startMs, memory: held}) => ({
      what,
      figures: [
        ...middle(kept),
        ...middle(fresh),
        percentile(health, 0.99),
        median(startMs),
        median(held?.workers ?? []),
        held?.root ?? Number.NaN,
      ],
      ratio: median(runs.map((run) => ratio(run.find((one) => one.what === what)?.kept, run[0]?.kept))),
    })),
    notes: limits.map(({text}) => text),
    passed: limits.every(({kept}) => kept),
  };
}

/** The findings of all runs of each contender; its memory is that of the first run. */
function merged(runs: readonly (readonly Findings[])[]): readonly Findings[] {
  const [first = [], ...others] = runs;
  return first.map((findings) => {
    const all = [findings, ...others.flatMap((run) => run.filter(({what}) => what === findings.what))];
    return {
      what: findings.what,
      kept: all.flatMap(({kept}) => kept),
      fresh: all.flatMap(({fresh}) => fresh),
      health: all.flatMap(({health}) => health),
      livez: all.flatMap(({livez}) => livez),
      startMs: all.flatMap(({startMs}) => startMs),
      memory: findings.memory,
    };
  });
}

const middle = (costs: readonly Cost[]): readonly number[] => [
  median(costs.map((each) => each.cpuMicroseconds)),
  median(costs.map((each) => each.perSecond)),
];
