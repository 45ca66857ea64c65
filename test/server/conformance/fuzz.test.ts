import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {all} from '../../support/long.ts';
import {seed as randomSeed} from '../load/random.ts';
import {startServer, type TestServer} from '../support.ts';
import {fuzzConnection} from './fuzz/connection.ts';

// Structure-aware: requests are made from a grammar and then changed. ENTRYPOINT_TEST_SEED repeats a run.

const module = readFileSync(join(import.meta.dirname, 'fixtures/fuzz.mjs'), 'utf8');
/** Of each of the six servers: with their starts 20 s together, or 10 minutes. */
const seconds = all ? 100 : 2.7;
/** npm test repeats the same requests; the long run looks for new ones. */
const seed = all || process.env['ENTRYPOINT_TEST_SEED'] !== undefined ? randomSeed : 20_261_128;
const parallel = 24;
/** A sane request between the others. */
const saneEvery = 100;
/** What a heap and its buffers may take on while they warm up, before it counts as a leak. */
const growthMiB = 96;

/** Resident memory of the workers, in MiB. */
function residentMiB(server: TestServer): number {
  const kib = server
    .workers()
    .map((pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0));
  return kib.reduce((sum, one) => sum + one, 0) / 1024;
}

/** The last lines of an output that are neither the access log nor news. */
const errorsIn = (output: string): string =>
  output
    .split('\n')
    .filter((line) => line !== '' && !line.includes('"level":"info"') && !line.includes('"event":"request"'))
    .slice(-12)
    .join('\n');

for (const [index, [workerClass, handler]] of [
  ['async', 'node'],
  ['async', 'fetch'],
  ['sync', 'node'],
  ['sync', 'fetch'],
  ['threads', 'node'],
  ['threads', 'fetch'],
].entries()) {
  test(`${workerClass}, ${handler} handler: ${seconds} s of mutated requests end no worker and mix up no answers (seed ${seed})`, async (t) => {
    const workers = workerClass === 'sync' ? 4 : 1;
    const server = await startServer(t, {
      module,
      env: {FUZZED: handler ?? ''},
      flags: [`--workers=${workers}`, `--worker-class=${workerClass}`, '--threads=2', '--access-log'],
    });
    await server.event('worker_ready', {count: workers});
    const pids = server.workers();
    const failures: string[] = [];
    const end = Date.now() + seconds * 1000;
    let connection = index * 10_000_000;
    let warm: number | undefined;
    const first = connection;
    const worker = async (): Promise<void> => {
      while (Date.now() < end && failures.length < 5) {
        connection += 1;
        if ((connection - first) % saneEvery === 0) {
          await server.get('/echo', {seconds: 10}).then(
            ({status}) => status === 200 || failures.push(`a sane request gets ${status}`),
            (error: unknown) => failures.push(`a sane request fails: ${String(error)}`),
          );
          if (server.workers().join() !== pids.join()) failures.push(`a worker has ended by connection ${connection}`);
          if (warm === undefined && Date.now() > end - seconds * 600) warm = residentMiB(server);
        }
        const failure = await fuzzConnection({port: server.port, seed, connection, patience: 8000});
        if (failure !== undefined) failures.push(failure);
      }
    };
    await Promise.all(Array.from({length: parallel}, worker));
    t.diagnostic(`${connection - first} connections`);
    if (failures.length > 0)
      assert.fail(`seed ${seed}:\n${failures.join('\n\n')}\n\nlog: ${errorsIn(server.output())}`);
    assert.equal((await server.get('/echo')).status, 200);
    assert.deepEqual(server.workers(), pids, 'no worker ends');
    assert.ok(warm !== undefined, 'the memory was measured when the server was warm');
    const grown = residentMiB(server) - warm;
    assert.ok(grown < growthMiB * workers, `memory grows: by ${grown.toFixed(0)} MiB after ${warm.toFixed(0)} MiB`);
  });
}
