import assert from 'node:assert/strict';
import {test} from 'node:test';
import {setImmediate as nextTurn} from 'node:timers/promises';
import {exitReason} from '../../../../src/server/arbiter/exits.ts';
import {checkHeartbeats, isFresh} from '../../../../src/server/arbiter/monitor.ts';
import {bootSucceeded, reconcile, rest, restart, scale, wake} from '../../../../src/server/arbiter/reconcile.ts';
import {rollingRestart} from '../../../../src/server/arbiter/rolling-restart.ts';
import {activeWorkers} from '../../../../src/server/arbiter/state.ts';
import {closeSockets, fail, quit, stop} from '../../../../src/server/arbiter/stop.ts';
import {exitText, inheritedFlags, type Worker, workerFlags} from '../../../../src/server/arbiter/workers.ts';
import type {Settings} from '../../../../src/server/settings/settings.ts';
import {fakeServer, serving} from './fake-server.ts';

test('the first worker boots alone, and the server listens with the first one that is ready', async () => {
  const {state, started, events} = fakeServer();
  reconcile(state);
  assert.equal(started.length, 1);
  state.bootsAlone = false;
  reconcile(state);
  assert.equal(started.length, 2);
  started[1]?.boot();
  assert.equal(await state.listening.promise, undefined);
  started[0]?.boot();
  await nextTurn();
  assert.deepEqual(events, ['worker_ready', 'listening', 'worker_ready']);
});

test('a failed first boot ends the server with its exit code', async () => {
  const {state, started, events} = fakeServer();
  reconcile(state);
  started[0]?.boot({message: 'no database', exitCode: 65});
  started[0]?.exit({code: 3});
  assert.equal(await state.exited.promise, 65);
  assert.deepEqual(await state.listening.promise, {message: 'no database', exitCode: 65});
  assert.deepEqual(events, ['worker_failed', 'stopped']);
});

test('in reload mode a failed boot halts the server until a restart', async () => {
  const {state, started} = fakeServer({reload: true, workers: 1});
  reconcile(state);
  started[0]?.boot({message: 'syntax error', exitCode: 3});
  await nextTurn();
  started[0]?.exit();
  reconcile(state);
  assert.equal(started.length, 1);
  restart(state);
  assert.equal(started.length, 2);
});

test('scale starts one worker or retires the one with the highest number, and keeps at least one', async () => {
  const {state, started} = await serving();
  scale(state, 1);
  assert.equal(started.length, 3);
  scale(state, -1);
  scale(state, -1);
  scale(state, -1);
  assert.equal(state.target, 1);
  assert.deepEqual(
    started.map(({exitReason: reason}) => reason),
    [undefined, 'fewer workers', 'fewer workers'],
  );
});

test('rest retires all workers, and wake restores the configured number', async () => {
  const {state, started} = await serving();
  rest(state);
  assert.deepEqual(activeWorkers(state), []);
  wake(state);
  assert.equal(started.length, 4);
  assert.equal(state.target, 2);
});

test('a crash is replaced at once, the next ones after the backoff', async () => {
  const {state, started, events} = await serving();
  started[0]?.exit({code: 1});
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(started.length, 3);
  started[2]?.boot();
  started[1]?.exit({code: null, signal: 'SIGKILL'});
  reconcile(state);
  assert.equal(started.length, 3, 'no start during the backoff');
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal(started.length, 4);
  assert.equal(events.filter((event) => event === 'worker_exited').length, 2);
  quit(state, 'SIGINT');
});

test('the reason of an exit is that of the arbiter, else signal for a drained worker, exit for code 0, else crash', () => {
  const exit = {code: 0, signal: null, failure: undefined};
  assert.equal(exitReason({exitReason: 'reload', state: 'leaving'}, exit), 'reload');
  assert.equal(exitReason({exitReason: undefined, state: 'leaving'}, exit), 'signal');
  assert.equal(exitReason({exitReason: undefined, state: 'leaving'}, {...exit, code: 1}), 'crash');
  assert.equal(exitReason({exitReason: undefined, state: 'ready'}, exit), 'exit');
  assert.equal(exitReason({exitReason: undefined, state: 'ready'}, {...exit, code: 1}), 'crash');
  assert.deepEqual(
    [exitText({code: 1, signal: null}), exitText({code: null, signal: 'SIGKILL'})],
    ['exited with code 1', 'was killed by SIGKILL'],
  );
});

test('a worker without a heartbeat for the timeout and two seconds is killed, unless it is inspected', async () => {
  const {state, started, events} = await serving({timeout: 3});
  for (let second = 0; second < 5; second += 1) checkHeartbeats(state);
  assert.deepEqual(started[0]?.signals, []);
  assert.equal(isFresh(started[0] as Worker), true);
  checkHeartbeats(state);
  assert.deepEqual([started[0]?.signals, started[0]?.exitReason], [['SIGKILL'], 'timeout']);
  assert.equal(isFresh(started[0] as Worker), false);
  assert.ok(events.includes('worker_stuck'));
  for (const settings of [{timeout: 0}, {timeout: 3, inspect: '127.0.0.1:9229'}]) {
    const other = await serving(settings);
    for (let second = 0; second < 10; second += 1) checkHeartbeats(other.state);
    assert.deepEqual(other.started[0]?.signals, []);
  }
});

test('stop drains all workers, closes the socket once its queue is empty, and ends with 0', async () => {
  const {state, started, events} = await serving({}, ['taken', 'empty']);
  stop(state, 'SIGTERM');
  stop(state, 'SIGTERM');
  assert.deepEqual(started[0]?.sent, ['drain']);
  reconcile(state);
  assert.equal(started.length, 2, 'no start while it stops');
  // Both stop accepting; the first one stays to clear the queue.
  started[1]?.exit();
  Object.assign(started[0] ?? {}, {notAccepting: Promise.resolve()});
  started[0]?.exit();
  assert.equal(await state.exited.promise, 0);
  assert.deepEqual(events.filter((event) => event !== 'worker_exited').slice(3), [
    'draining',
    'socket closed',
    'stopped',
  ]);
});

test('the socket is closed when a worker finds the queue empty, or at the time limit', async () => {
  const {state, started, events} = await serving({}, ['taken', 'half-open', 'empty']);
  for (const worker of started) Object.assign(worker, {notAccepting: Promise.resolve(), state: 'leaving'});
  await closeSockets(state.sockets, state.workers, 1000);
  assert.deepEqual(started[0]?.sent, ['clear-queue', 'clear-queue', 'clear-queue', 'socket-closed']);
  const late = await serving();
  await closeSockets(late.state.sockets, late.state.workers, 20);
  assert.deepEqual(late.started[0]?.sent, ['socket-closed']);
  assert.ok(events.includes('socket closed') && late.events.includes('socket closed'));
});

test('quit asks workers to end, the second one kills them; fail kills them and keeps its code', async () => {
  const {state, started} = await serving();
  quit(state, 'SIGINT');
  assert.deepEqual(started[0]?.sent, ['quit']);
  quit(state, 'SIGINT');
  assert.deepEqual(started[0]?.signals, ['SIGKILL']);
  assert.equal(await state.exited.promise, 0);
  const failing = await serving();
  fail(failing.state, 3);
  assert.equal(await failing.state.exited.promise, 3);
});

test('a reload replaces one worker at a time, each when its replacement is ready', async () => {
  const {state, started, events} = await serving();
  const {reload} = rollingRestart(state);
  const reloaded = reload('SIGHUP');
  await nextTurn();
  assert.equal(started.length, 3);
  assert.deepEqual([started[2]?.isReplacement, started[0]?.state], [true, 'ready']);
  started[2]?.boot();
  await nextTurn();
  assert.deepEqual([started[2]?.isReplacement, started[0]?.state, started[1]?.state], [false, 'leaving', 'ready']);
  started[0]?.exit();
  await nextTurn();
  started[3]?.boot();
  await nextTurn();
  started[1]?.exit();
  assert.equal(await reloaded, undefined);
  assert.equal(events.at(-1), 'reloaded');
});

test('a reload whose new code does not boot keeps the old workers; calls meanwhile share one more reload', async () => {
  const {state, started, events} = await serving();
  const {reload} = rollingRestart(state);
  const first = reload('SIGHUP');
  await nextTurn();
  const more = [reload('SIGHUP'), reload('SIGHUP')];
  assert.equal(more[0], more[1]);
  started[2]?.boot({message: 'no database', exitCode: 3});
  assert.equal((await first)?.message, 'no database');
  assert.deepEqual([started[0]?.state, started[1]?.state], ['ready', 'ready']);
  await nextTurn();
  started[3]?.boot({message: 'still no database', exitCode: 3});
  assert.equal((await more[0])?.message, 'still no database');
  assert.equal(events.filter((event) => event === 'reload_failed').length, 2);
  quit(state, 'SIGINT');
});

test('a worker inherits the flags of Node, without those that run another program', () => {
  assert.deepEqual(
    inheritedFlags([
      '--enable-source-maps',
      '-e',
      'serve()',
      '--inspect-brk=1',
      '--test',
      '--watch-path=.',
      '--input-type=module',
    ]),
    ['--enable-source-maps'],
  );
});

const flags = (maxHeap: number, kind: Settings['workerClass'], options = ''): readonly string[] =>
  workerFlags({maxHeap, workerClass: kind, inspect: undefined, workers: 1}, false, 4, options, []);

test('the heaps of a worker are limited by flags, unless the operator limits them', () => {
  assert.deepEqual(flags(0, 'threads'), []);
  assert.deepEqual(flags(51, 'async'), ['--max-old-space-size=51']);
  // A quarter of it for three semi-spaces.
  assert.deepEqual(flags(51, 'threads'), ['--max-old-space-size=51', '--max-semi-space-size=4']);
  assert.deepEqual(flags(400, 'threads'), ['--max-old-space-size=400']);
  assert.deepEqual(flags(51, 'threads', '--max_semi_space_size=9'), ['--max-old-space-size=51']);
  assert.deepEqual(flags(51, 'threads', '--max-old-space-size=99'), []);
});

const pool = (workers: number, cpus: number, options = ''): readonly string[] =>
  workerFlags({maxHeap: 0, workerClass: 'async', inspect: undefined, workers}, false, cpus, options, []);

test('workers that share the CPUs have fewer threads of V8 each, unless the operator says how many', () => {
  assert.deepEqual(pool(1, 4), []);
  assert.deepEqual(pool(2, 16), []);
  assert.deepEqual(pool(2, 6), ['--v8-pool-size=3']);
  assert.deepEqual(pool(2, 2), ['--v8-pool-size=1']);
  assert.deepEqual(pool(9, 2), ['--v8-pool-size=1']);
  assert.deepEqual(pool(2, 2, '--v8-pool-size=8'), []);
});

test('a ready worker resets the count of failed boots', () => {
  const {state, started} = fakeServer();
  state.failedBoots = 2;
  reconcile(state);
  bootSucceeded(state, started[0] as Worker);
  assert.equal(state.failedBoots, 0);
});
