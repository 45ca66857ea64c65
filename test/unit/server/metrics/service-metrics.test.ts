import assert from 'node:assert/strict';
import {test} from 'node:test';
import {type AskedWorker, serviceMetrics} from '../../../../src/server/metrics/service-metrics.ts';
import {metricsText} from '../../../../src/server/metrics/text.ts';
import type {MetricSource, ServiceMetric} from '../../../../src/server/process/messages.ts';

type Values = readonly (readonly [value: number | string, labels?: Record<string, string>, metricName?: string])[];

function metric(name: string, type: string, values: Values, aggregator = 'sum'): ServiceMetric {
  return {
    name,
    help: `${name}.`,
    type,
    aggregator,
    values: values.map(([value, labels = {}, metricName]) => ({
      value,
      labels,
      ...(metricName === undefined ? {} : {metricName}),
    })),
  };
}

const source = (...metrics: readonly ServiceMetric[]): MetricSource => ({thread: 0, metrics, problems: []});

const histogram = (count: number): ServiceMetric =>
  metric('took', 'histogram', [
    [count, {le: '1'}, 'took_bucket'],
    [count, {le: '+Inf'}, 'took_bucket'],
    [count / 2, {}, 'took_sum'],
    [count, {}, 'took_count'],
  ]);

const jobs = (thread: number): MetricSource => ({...source(metric('jobs_total', 'counter', [[3]])), thread});

const gauges = (value: number): MetricSource =>
  source(
    ...['sum', 'first', 'min', 'max', 'average', 'omit'].map((name) => metric(`by_${name}`, 'gauge', [[value]], name)),
  );

const kinds = (count: number): MetricSource =>
  source(metric('jobs_total', 'counter', [[count]]), histogram(count), metric('open', 'gauge', [[count]]));

/** Workers that answer at once with what they have now. */
function fleet(): {
  readonly workers: Map<number, MetricSource[]>;
  readonly scrape: () => Promise<string>;
  readonly exit: (id: number, last?: MetricSource) => void;
  /** The sample lines of the last scrape. */
  readonly samples: () => Promise<readonly string[]>;
} {
  const metrics = serviceMetrics();
  const workers = new Map<number, MetricSource[]>();
  const scrape = async (): Promise<string> => {
    const asked = [...workers].map(([id, sources]): AskedWorker => {
      const answer = (): void => metrics.received({id, pid: 1000 + id}, {type: 'metrics', sources});
      return {id, pid: 1000 + id, state: 'ready', send: () => queueMicrotask(answer)};
    });
    return (await metrics.scrape(asked)).text;
  };
  return {
    workers,
    scrape,
    exit: (id, last) => {
      workers.delete(id);
      metrics.exited({id});
      if (last !== undefined) metrics.received({id, pid: 1000 + id}, {type: 'metrics', sources: [last]});
    },
    samples: async () => (await scrape()).split('\n').filter((line) => line !== '' && !line.startsWith('#')),
  };
}

test('counters are summed over all copies of the service, threads included, label by label', async () => {
  const {workers, samples} = fleet();
  workers.set(1, [
    source(
      metric('jobs_total', 'counter', [
        [1, {kind: 'a', by: 'x'}],
        [2, {kind: 'b', by: 'x'}],
      ]),
    ),
    {...source(metric('jobs_total', 'counter', [[10, {by: 'x', kind: 'a'}]])), thread: 1},
  ]);
  workers.set(2, [source(metric('jobs_total', 'counter', [[100, {kind: 'a', by: 'x'}]]))]);
  assert.deepEqual(await samples(), ['jobs_total{kind="a",by="x"} 111', 'jobs_total{kind="b",by="x"} 2']);
});

test('totals of workers that have exited stay, with their last counts; their gauges do not', async () => {
  const {workers, samples, exit} = fleet();
  workers.set(1, [kinds(2)]);
  workers.set(2, [kinds(4)]);
  await samples();
  exit(1, kinds(6));
  const after = [
    'jobs_total 10',
    'took_bucket{le="1"} 10',
    'took_bucket{le="+Inf"} 10',
    'took_sum 5',
    'took_count 10',
    'open 4',
  ];
  assert.deepEqual(await samples(), after);
  assert.deepEqual(await samples(), after, 'counted once');
  exit(2);
  assert.deepEqual((await samples()).slice(0, 1), ['jobs_total 10']);
  assert.deepEqual(
    (await samples()).filter((line) => line.startsWith('open')),
    [],
  );
});

test('a thread that has ended leaves its totals', async () => {
  const {workers, samples} = fleet();
  workers.set(1, [jobs(0), jobs(1)]);
  assert.deepEqual(await samples(), ['jobs_total 6']);
  workers.set(1, [jobs(0)]);
  assert.deepEqual(await samples(), ['jobs_total 6']);
});

test("gauges follow prom-client's aggregator", async () => {
  const {workers, samples} = fleet();
  workers.set(1, [gauges(2)]);
  workers.set(2, [gauges(4)]);
  assert.deepEqual(await samples(), ['by_sum 6', 'by_first 2', 'by_min 2', 'by_max 4', 'by_average 3']);
});

test('a worker that does not answer is named, and its last counts stay', async () => {
  const metrics = serviceMetrics(20);
  const worker = {id: 1, pid: 77, state: 'ready'} as const;
  const silent: AskedWorker = {...worker, send: () => {}};
  metrics.received(worker, {type: 'metrics', sources: [source(metric('jobs_total', 'counter', [[5]]))]});
  const {text, problems} = await metrics.scrape([silent, {...silent, id: 2, state: 'booting'}]);
  assert.equal(problems, 1);
  assert.match(text, /^# entrypoint: worker 77 did not answer within 20 ms/);
  assert.match(text, /^jobs_total 5$/m);
});

test('what cannot be shown is named: names of the server, invalid names, types and buckets that differ', async () => {
  const {workers, scrape} = fleet();
  workers.set(1, [
    source(
      metric('entrypoint_requests_total', 'counter', [[1]]),
      metric('a b', 'counter', [[1]]),
      metric('fine', 'counter', [[1, {'a-b': 'x'}]]),
      metric('jobs', 'counter', [[1]]),
      metric('took', 'histogram', [[1, {le: '1'}, 'took_bucket']]),
    ),
  ]);
  workers.set(2, [
    source(metric('jobs', 'gauge', [[7]]), metric('took', 'histogram', [[1, {le: '2'}, 'took_bucket']])),
  ]);
  const text = await scrape();
  for (const name of ['entrypoint_requests_total', '"a b"', '"fine"', 'jobs', 'took'])
    assert.ok(
      text.split('\n').some((line) => line.startsWith(`# entrypoint: ${name} `)),
      `${name} in:\n${text}`,
    );
  assert.deepEqual(
    text.split('\n').filter((line) => line !== '' && !line.startsWith('#')),
    ['jobs 7', 'took_bucket{le="2"} 1'],
  );
});

test('texts and values are escaped as the format demands', () => {
  const text = metricsText([
    {...metric('a', 'gauge', [['NaN', {l: 'q"b\\n\n'}], ['Infinity'], ['-Infinity'], [1e21]]), help: 'one\ntwo\\'},
    metric('b', 'exotic', []),
  ]);
  assert.equal(
    text,
    '# HELP a one\\ntwo\\\\\n# TYPE a gauge\na{l="q\\"b\\\\n\\n"} NaN\na +Inf\na -Inf\na 1e+21\n# HELP b b.\n# TYPE b untyped\n',
  );
});
