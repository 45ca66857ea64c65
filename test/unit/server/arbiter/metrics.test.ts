import assert from 'node:assert/strict';
import {test} from 'node:test';
import {type MeasuredWorker, serverMetrics, type Snapshot} from '../../../../src/server/arbiter/metrics.ts';
import {latencyBounds, latencyBucket} from '../../../../src/server/records/stats.ts';

const snapshot: Snapshot = {workers: [], wanted: 2, draining: false, arbiterMemory: 1, startTime: 5, problems: 0};

function worker(id: number, requests: number, more: Partial<MeasuredWorker> = {}): MeasuredWorker {
  const latencies = [...latencyBounds.map(() => 0), 0];
  latencies[3] = requests;
  const stats = {
    rss: 100,
    loopLag: 20 * id,
    connections: 3,
    requests: {
      answered: [0, requests, 0, 0, 0],
      aborted: 1,
      inFlight: 2,
      websockets: 1,
      latencies,
      seconds: requests / 100,
      dropped: 4,
    },
  };
  return {id, state: 'ready', stats, ...more};
}

/** The value of a sample by its full name. */
function sample(text: string, name: string): number {
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1));
}

test('a scrape sees one server: the counts of its workers are summed', () => {
  const text = serverMetrics().text({
    ...snapshot,
    workers: [worker(1, 10), worker(2, 5), worker(3, 0, {state: 'booting', stats: undefined})],
  });
  assert.equal(sample(text, 'entrypoint_requests_total{class="2xx"}'), 15);
  assert.equal(sample(text, 'entrypoint_requests_aborted_total'), 2);
  assert.equal(sample(text, 'entrypoint_requests_in_flight'), 4);
  assert.equal(sample(text, 'entrypoint_connections'), 6);
  assert.equal(sample(text, 'entrypoint_access_log_dropped_total'), 8);
  assert.equal(sample(text, 'entrypoint_event_loop_lag_seconds'), 0.04);
  assert.equal(sample(text, 'entrypoint_resident_memory_bytes{process="workers"}'), 200);
  assert.equal(sample(text, 'entrypoint_workers{state="ready"}'), 2);
  assert.equal(sample(text, 'entrypoint_workers{state="booting"}'), 1);
});

test('the histogram is cumulative, and its count is that of all responses', () => {
  const text = serverMetrics().text({...snapshot, workers: [worker(1, 10)]});
  assert.equal(sample(text, 'entrypoint_request_duration_seconds_bucket{le="0.005"}'), 0);
  assert.equal(sample(text, 'entrypoint_request_duration_seconds_bucket{le="0.01"}'), 10);
  assert.equal(sample(text, 'entrypoint_request_duration_seconds_bucket{le="+Inf"}'), 10);
  assert.equal(sample(text, 'entrypoint_request_duration_seconds_count'), 10);
  assert.equal(sample(text, 'entrypoint_request_duration_seconds_sum'), 0.1);
});

test('totals never decrease: those of exited workers are kept, their requests in flight are not', () => {
  const metrics = serverMetrics();
  metrics.exited(worker(1, 10), 'max-requests');
  metrics.exited(worker(2, 5), 'crash');
  metrics.exited({id: 3, state: 'booting', stats: undefined}, 'crash');
  const text = metrics.text({...snapshot, workers: [worker(4, 1)]});
  assert.equal(sample(text, 'entrypoint_requests_total{class="2xx"}'), 16);
  assert.equal(sample(text, 'entrypoint_requests_in_flight'), 2);
  assert.equal(sample(text, 'entrypoint_worker_exits_total{reason="crash"}'), 2);
  assert.equal(sample(text, 'entrypoint_worker_exits_total{reason="max-requests"}'), 1);
});

test('every sample has a type and a help text, in the format of Prometheus', () => {
  const text = serverMetrics().text({...snapshot, workers: [worker(1, 10)]});
  assert.ok(text.endsWith('\n'));
  const typed = new Set([...text.matchAll(/^# TYPE (\S+) (?:counter|gauge|histogram)$/gm)].map(([, name]) => name));
  for (const line of text
    .trimEnd()
    .split('\n')
    .filter((candidate) => !candidate.startsWith('#'))) {
    const [, name = ''] = /^([a-z_]+)(?:\{[a-z]+="[^"]*"\})? -?[\d.]+$/.exec(line) ?? [];
    assert.ok(typed.has(name) || typed.has(name.replace(/_(bucket|sum|count)$/, '')), line);
    assert.ok(text.includes(`# HELP ${name.replace(/_(bucket|sum|count)$/, '')} `), line);
  }
});

test('a duration belongs to the first bucket whose bound it does not exceed', () => {
  assert.deepEqual([0, 1, 1.1, 10, 10_000, 10_001].map(latencyBucket), [0, 0, 1, 3, 12, 13]);
});
