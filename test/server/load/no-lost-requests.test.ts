import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {Clients} from '../../../bench/server/load.ts';
import {all, everyKind, lost, naive, startLoad, startProgram, startServer} from './under-load.ts';

const reloads = all ? 100 : 5;

test(`no request of any kind fails during ${reloads} reloads while workers are also recycled`, async () => {
  const server = await startServer('--workers', '2', '--max-requests', '400', '--max-requests-jitter', '200');
  const load = startLoad(server, everyKind);
  for (let done = 0; done < reloads; done += 1) {
    await server.reload();
    assert.deepEqual(load.sofar.failures, [], `after reload ${done + 1}`);
  }
  const {answered, failures} = await load.stop();
  assert.deepEqual(failures, []);
  assert.ok(answered > reloads * 100, `${answered} were answered`);
  assert.equal(
    server.workers().every(({state}) => state !== 'Z'),
    true,
  );
});

test('overlapping reloads lose no request and end with as many workers as before', async () => {
  const server = await startServer('--workers', '2');
  const load = startLoad(server, everyKind);
  for (let left = 4; left > 0; left -= 1) {
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
  const times = all ? 30 : 2;
  test(`${what}: no request fails during ${times} reloads${stops ? ' and at SIGTERM' : ''}`, async () => {
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

test('the same load detects the requests that a reload with server.close() loses', async () => {
  const server = await startProgram([naive]);
  const load = startLoad(server, everyKind);
  for (let left = 3; left > 0 && load.sofar.failures.length === 0; left -= 1) await server.reload();
  const {failures} = await load.stop();
  assert.notDeepEqual(failures, []);
});
