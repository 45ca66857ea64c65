import assert from 'node:assert/strict';
import {test} from 'node:test';
import {setImmediate as nextTurn} from 'node:timers/promises';
import {workerCrashing, workerTerminated} from '../../../../src/server/arbiter/exits.ts';
import {isFresh} from '../../../../src/server/arbiter/monitor.ts';
import {rollingRestart} from '../../../../src/server/arbiter/rolling-restart.ts';
import {replacedOrder} from '../../../../src/server/arbiter/state.ts';
import {stop} from '../../../../src/server/arbiter/stop.ts';
import type {Worker} from '../../../../src/server/arbiter/workers.ts';
import {serving} from './fake-server.ts';

test('a worker is recycled once, however often it asks', async () => {
  const {state, started} = await serving();
  const {recycle} = rollingRestart(state);
  for (let count = 0; count < 3; count += 1) recycle(started[0] as Worker, 'max-requests');
  await nextTurn();
  started[2]?.boot();
  await nextTurn();
  assert.equal(started.length, 3);
  assert.deepEqual([started[0]?.exitReason, started[0]?.sent], ['max-requests', ['drain']]);
});

test('a recycle is tried again when the new worker does not boot, and the old one stays meanwhile', async () => {
  const {state, started, events} = await serving();
  rollingRestart(state).recycle(started[0] as Worker, 'max-requests');
  await nextTurn();
  started[2]?.boot({message: 'no database', exitCode: 3});
  await nextTurn();
  assert.deepEqual([started.length, started[0]?.state], [4, 'ready']);
  started[3]?.boot();
  await nextTurn();
  assert.equal(started[0]?.state, 'leaving');
  assert.equal(events.filter((event) => event === 'worker_failed').length, 1);
});

test('once new code has booted, a reload tries a worker again that does not boot', async () => {
  const {state, started} = await serving();
  const reloaded = rollingRestart(state).reload('SIGHUP');
  await nextTurn();
  started[2]?.boot();
  await nextTurn();
  started[0]?.exit();
  await nextTurn();
  started[3]?.boot({message: 'no database', exitCode: 3});
  await nextTurn();
  started[4]?.boot();
  await nextTurn();
  started[1]?.exit();
  assert.equal(await reloaded, undefined);
  assert.equal(started.length, 5);
});

test('a reload is over at the graceful timeout; the next one hurries the workers that still answer', async () => {
  const {state, started, events} = await serving({gracefulTimeout: 0.05});
  const {reload} = rollingRestart(state);
  for (const [from, to] of [
    [2, 4],
    [4, 6],
  ] as const) {
    const reloaded = reload('SIGHUP');
    for (let index = from; index < to; index += 1) {
      await nextTurn();
      Object.assign(started[index - 2] ?? {}, {notAccepting: Promise.resolve()});
      started[index]?.boot();
      await nextTurn();
    }
    assert.equal(await reloaded, undefined);
  }
  assert.deepEqual(
    started.map(({sent}) => sent.length),
    [2, 2, 1, 1, 0, 0],
  );
  assert.equal(events.filter((event) => event === 'reloaded').length, 2);
});

test('a worker that was replaced may finish its responses, within the handler timeout if there is one', () => {
  const orders = [0, 120, 5].map((handlerTimeout) => replacedOrder({gracefulTimeout: 25, handlerTimeout}));
  assert.deepEqual(
    orders.map(({limit, responses}) => `${limit} ${responses}`),
    ['25 3600', '25 121', '25 25'],
  );
});

test('a crash that a worker announces is counted once, and its replacement does not wait for its exit', async () => {
  const {state, started, events} = await serving();
  workerCrashing(state, started[0] as Worker);
  workerCrashing(state, started[0] as Worker);
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.deepEqual([started.length, started[0]?.state, started[0]?.exitReason], [3, 'leaving', 'crash']);
  started[0]?.exit({code: 1});
  assert.equal(state.crashes.streak(), 1);
  assert.equal(started.length, 3);
  assert.ok(events.includes('worker_exited'));
});

test('a worker that gets TERM alone is drained; with the arbiter, its order stands', async () => {
  const alone = await serving();
  workerTerminated(alone.state, alone.started[0] as Worker);
  const together = await serving();
  workerTerminated(together.state, together.started[0] as Worker);
  stop(together.state, 'SIGTERM');
  await new Promise((resolve) => setTimeout(resolve, 600));
  assert.deepEqual([alone.started[0]?.exitReason, alone.started[1]?.state], ['signal', 'ready']);
  assert.deepEqual([together.started[0]?.exitReason, together.started[0]?.sent], ['stop', ['drain']]);
  for (const worker of [...alone.started, ...together.started]) worker.exit();
});

test('a sync worker that one request has held for seconds is not fresh', async () => {
  const [worker] = (await serving()).started;
  const stats = {rss: 0, loopLag: 0, connections: 1};
  Object.assign(worker ?? {}, {stats: {...stats, held: 4}});
  assert.equal(isFresh(worker as Worker), true);
  Object.assign(worker ?? {}, {stats: {...stats, held: 6}});
  assert.equal(isFresh(worker as Worker), false);
});
