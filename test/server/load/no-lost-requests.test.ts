import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {Clients} from '../../../bench/server/load.ts';
import {long as longTest} from '../../support/long.ts';
import {holdConnections} from './long-connections.ts';
import {all, everyKind, lost, naive, startLoad, startProgram, startServer} from './under-load.ts';

// `npm run soak` sets it: 1000 reloads, and at least a million requests.
const soak = process.env['ENTRYPOINT_SOAK'] === 'yes';
const reloads = soak ? 1000 : all ? 100 : 10;
const requests = soak ? 1_000_000 : reloads * 100;
const busyClients: readonly Clients[] = soak
  ? [
      ...everyKind,
      {count: 2, path: '/', thinkMs: 1},
      {count: 1, path: '/', thinkMs: 10, keepAlive: false},
      {count: 1, path: '/echo', thinkMs: 10, body: 'b'.repeat(300)},
    ]
  : everyKind;

test(`no request of any kind fails during ${reloads} reloads while workers are also recycled`, async () => {
  const limit = soak ? '20000' : '400';
  const server = await startServer('--workers', '2', '--max-requests', limit, '--max-requests-jitter', '200');
  const load = startLoad(server, busyClients);
  const long = holdConnections(server.port, 3);
  for (let done = 0; done < reloads || load.sofar.answered < requests; done += 1) {
    await server.reload();
    assert.deepEqual(load.sofar.failures, [], `after reload ${done + 1}`);
    assert.deepEqual(long.sofar.failures, [], `after reload ${done + 1}`);
    if (soak && done % 50 === 0)
      process.stderr.write(`# ${done} reloads, ${load.sofar.answered} requests, ${long.sofar.opened} connections\n`);
  }
  const {answered, failures} = await load.stop();
  assert.deepEqual(failures, []);
  assert.deepEqual(long.stop(), []);
  assert.ok(answered >= requests, `${answered} were answered`);
  assert.ok(long.sofar.opened > reloads, `${long.sofar.opened} streams and websockets were opened`);
  assert.equal(
    server.workers().every(({state}) => state !== 'Z'),
    true,
  );
});

test('overlapping reloads lose no request and end with as many workers as before', async () => {
  const server = await startServer('--workers', '2');
  const load = startLoad(server, everyKind);
  for (let left = all ? 4 : 2; left > 0; left -= 1) {
    server.signal('SIGHUP');
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  await server.reload();
  const {failures} = await load.stop();
  assert.deepEqual(failures, []);
  assert.equal(server.workers().length, 2);
});

// Fewer, since a sync worker serves one at a time.
const some: readonly Clients[] = [
  {count: 3, path: '/', thinkMs: 300},
  {count: 2, path: '/', thinkMs: 40, keepAlive: false},
  {count: 2, path: '/echo', thinkMs: 100, body: 'b'.repeat(3000)},
  {count: 1, path: '/slow?ms=200', thinkMs: 200},
  {count: 1, path: '/big', thinkMs: 200},
];

const others: readonly {readonly what: string; readonly flags: readonly string[]; readonly stops: boolean}[] = [
  {what: 'sync workers', flags: ['--worker-class', 'sync'], stops: true},
  {what: 'threads workers', flags: ['--worker-class', 'threads'], stops: true},
  // With rr, connections in the accept queue of the arbiter's socket are lost at SIGTERM: docs/server.md.
  {what: 'dispatch by the arbiter', flags: ['--dispatch', 'rr'], stops: false},
];

for (const {what, flags, stops} of others) {
  const times = all ? 30 : 1;
  test(`${what}: no request fails during ${times} reload${times === 1 ? '' : 's'}${stops ? ' and at SIGTERM' : ''}`, async () => {
    const server = await startServer(
      '--workers',
      '2',
      '--max-requests',
      '200',
      '--max-requests-jitter',
      '100',
      ...flags,
    );
    const load = startLoad(server, some);
    for (let done = 0; done < times; done += 1) {
      await server.reload();
      assert.deepEqual(load.sofar.failures, [], `after reload ${done + 1}`);
    }
    if (!stops) assert.deepEqual((await load.stop()).failures, []);
    server.signal('SIGTERM');
    assert.equal((await server.ended()).code, 0, server.log());
    if (stops) assert.deepEqual(lost((await load.stop()).failures), []);
  });
}

test('the same load detects the requests that a reload with server.close() loses', longTest, async () => {
  const server = await startProgram([naive]);
  const load = startLoad(server, everyKind);
  for (let left = 3; left > 0 && load.sofar.failures.length === 0; left -= 1) await server.reload();
  const {failures} = await load.stop();
  assert.notDeepEqual(failures, []);
});
