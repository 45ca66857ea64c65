import assert from 'node:assert/strict';
import {before, test, type TestContext} from 'node:test';
import {frameworks, installFrameworks, withFrameworks} from '../support/frameworks.ts';
import {long} from '../support/long.ts';
import {until} from '../support/until.ts';
import {get, startServer, type TestServer} from './support.ts';

// A service with the real prom-client, which knows nothing of the server.

before(installFrameworks);

const service = `
const {collectDefaultMetrics, Counter, Gauge, Histogram, Registry, Summary} = require('prom-client');
collectDefaultMetrics();
const jobs = new Counter({name: 'jobs_total', help: 'Jobs.', labelNames: ['kind']});
const took = new Histogram({name: 'took_seconds', help: 'Time.', buckets: [0.1, 1]});
new Gauge({name: 'copies', help: 'Copies of the service.'}).set(1);
const own = new Registry();
const more = new Counter({name: 'more_total', help: 'In a registry of its own.', registers: [own]});
globalThis[Symbol.for('entrypoint.metrics')] = new Set([own]);
new Summary({name: 'sizes', help: 'Sizes.'}).observe(4);
module.exports = (request, response) => {
  if (request.url === '/spin') for (const end = performance.now() + 1500; performance.now() < end; );
  if (request.url === '/job') {
    jobs.inc({kind: 'a "b"'});
    took.observe(0.5);
    more.inc(2);
  }
  response.end(String(process.pid));
};`;

interface Scraped extends TestServer {
  readonly metrics: () => Promise<string>;
  /** A sample by its full name; undefined if there is none. */
  readonly sample: (name: string) => Promise<number | undefined>;
}

async function scraped(t: TestContext, flags: readonly string[], module = withFrameworks(service)): Promise<Scraped> {
  const server = await startServer(t, {file: 'service.cjs', module, flags: ['--admin-bind=127.0.0.1:0', ...flags]});
  const {bind} = await server.event('admin_listening');
  const metrics = async (): Promise<string> => (await get(Number(/\d+$/.exec(String(bind))?.[0]), '/metrics')).body;
  return {
    ...server,
    metrics,
    sample: async (name) => {
      const line = (await metrics()).split('\n').find((text) => text.startsWith(`${name} `));
      return line === undefined ? undefined : Number(line.slice(name.length + 1));
    },
  };
}

async function jobs(server: TestServer, count: number): Promise<void> {
  await Promise.all(Array.from({length: count}, () => server.get('/job')));
}

for (const [workerClass, copies] of [
  ['async', 2],
  ['sync', 2],
  ['threads', 6],
] as const) {
  test(
    `${workerClass}: /metrics has the service's own metrics of all its copies, and keeps the totals of exited workers`,
    workerClass === 'sync' ? long : {},
    async (t) => {
      const server = await scraped(t, ['--workers=2', '--threads=2', `--worker-class=${workerClass}`]);
      await server.event('worker_ready', {count: 2});
      await jobs(server, 20);
      const text = await server.metrics();
      const lines = text.split('\n');
      for (const line of [
        '# HELP jobs_total Jobs.',
        '# TYPE jobs_total counter',
        'jobs_total{kind="a \\"b\\""} 20',
        'took_seconds_bucket{le="0.1"} 0',
        'took_seconds_bucket{le="1"} 20',
        'took_seconds_bucket{le="+Inf"} 20',
        'took_seconds_sum 10',
        'took_seconds_count 20',
        `copies ${copies}`,
        'more_total 40',
        `sizes_count ${copies}`,
        'entrypoint_service_metrics_problems 0',
      ])
        assert.ok(lines.includes(line), `${line} in:\n${text}`);
      assert.match(text, /^process_cpu_seconds_total [\d.]+$/m);
      assert.match(text, /^nodejs_version_info\{.*\} 1$/m);
      assert.equal(text.match(/^# TYPE jobs_total /gm)?.length, 1);
      await jobs(server, 10);
      server.signal('SIGHUP');
      await server.event('reloaded');
      await until('the old workers have exited', () => server.workers().length === 2);
      assert.equal(await server.sample('jobs_total{kind="a \\"b\\""}'), 30, 'with those since the last scrape');
      assert.equal(await server.sample('more_total'), 60);
      assert.equal(await server.sample('copies'), copies);
    },
  );
}

test('a worker that is busy is named after a second, and its last counts stay', long, async (t) => {
  const server = await scraped(t, ['--workers=1']);
  await jobs(server, 3);
  await server.metrics();
  const spin = server.get('/spin');
  await until('the worker is busy', async () => (await server.metrics()).includes(' did not answer within 1000 ms'));
  assert.equal((await spin).status, 200);
  assert.equal(await server.sample('jobs_total{kind="a \\"b\\""}'), 3);
  assert.equal(await server.sample('entrypoint_service_metrics_problems'), 0);
});

test('prom-client is found when an ES module imports it, also with reload; a service without it adds nothing', async (t) => {
  const module = `
import {Counter} from ${JSON.stringify(`${frameworks}/node_modules/prom-client/index.js`)};
const seen = new Counter({name: 'seen_total', help: 'Requests.'});
export default (request, response) => (seen.inc(), response.end());`;
  for (const flag of ['--reload', '--no-reload']) {
    const server = await startServer(t, {module, flags: ['--workers=1', '--admin-bind=127.0.0.1:0', flag]});
    const port = Number(/\d+$/.exec(String((await server.event('admin_listening'))['bind']))?.[0]);
    await server.get('/');
    assert.match((await get(port, '/metrics')).body, /^seen_total 1$/m, flag);
  }
  const plain = await scraped(t, ['--workers=1'], 'module.exports = (request, response) => response.end();');
  assert.doesNotMatch(await plain.metrics(), /^(?!# (?:HELP|TYPE) entrypoint_|entrypoint_).+/m);
});
