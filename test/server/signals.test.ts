import assert from 'node:assert/strict';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {until} from '../support/until.ts';
import {isAlive, startServer} from './support.ts';

const pidService =
  'export default (request, response) => setTimeout(() => response.end(String(process.pid)), request.url === "/slow" ? 1500 : 0);';

test('TERM answers requests in progress, refuses new connections, ends with 0 and leaves no process', async (t) => {
  const server = await startServer(t, {module: pidService, flags: ['--workers=2']});
  await server.event('worker_ready', {count: 2});
  const workers = server.workers();
  const slow = server.get('/slow');
  await sleep(200);
  server.signal('SIGTERM');
  assert.match((await slow).body, /^\d+$/);
  assert.deepEqual(await server.ended, {code: 0, signal: null});
  assert.deepEqual(workers.filter(isAlive), []);
  await assert.rejects(server.get('/'), {code: 'ECONNREFUSED'});
});

for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
  test(`${signal} ends the server at once, with 0`, async (t) => {
    const server = await startServer(t, {module: pidService, flags: ['--workers=2']});
    const slow = server.get('/slow').catch((error: NodeJS.ErrnoException) => error.code);
    await sleep(200);
    const started = Date.now();
    server.signal(signal);
    assert.deepEqual(await server.ended, {code: 0, signal: null});
    assert.ok(Date.now() - started < 1200, `${Date.now() - started} ms`);
    assert.equal(await slow, 'ECONNRESET');
  });
}

test('HUP replaces every worker by one with the new code, and refuses no connection meanwhile', async (t) => {
  const server = await startServer(t, {
    module: 'export default (request, response) => response.end("old");',
    flags: ['--workers=2'],
  });
  const before = server.workers();
  writeFileSync(join(server.directory, 'service.mjs'), 'export default (request, response) => response.end("new");');
  server.signal('SIGHUP');
  await until('all workers have the new code', async () => {
    await server.get('/');
    return server.log().some(({event}) => event === 'reloaded');
  });
  assert.equal((await server.get('/')).body, 'new');
  assert.deepEqual(
    server.workers().filter((pid) => before.includes(pid)),
    [],
  );
  assert.equal(server.workers().length, 2);
});

test('HUP keeps the old workers when the new code does not boot, logs why, and loads it once it does', async (t) => {
  const server = await startServer(t, {
    module: 'export default (request, response) => response.end("old");',
    flags: ['--workers=2'],
  });
  await server.event('worker_ready', {count: 2});
  const before = server.workers();
  writeFileSync(join(server.directory, 'service.mjs'), 'throw new Error("no database");');
  server.signal('SIGHUP');
  await server.event('reload_failed');
  assert.equal((await server.event('worker_failed'))['message'], 'no database');
  await until('the new worker has exited', () => server.workers().length === 2);
  assert.deepEqual(server.workers(), before);
  assert.equal((await server.get('/')).body, 'old');
  writeFileSync(join(server.directory, 'service.mjs'), 'export default (request, response) => response.end("mended");');
  server.signal('SIGHUP');
  await server.event('reloaded');
  assert.equal((await server.get('/')).body, 'mended');
});

test('HUPs during a reload cause exactly one more reload', async (t) => {
  const server = await startServer(t, {module: pidService, flags: ['--workers=1']});
  server.signal('SIGHUP');
  await server.event('reloading');
  for (let more = 0; more < 3; more += 1) {
    server.signal('SIGHUP');
    await sleep(10);
  }
  await server.event('reloaded', {count: 2});
  await sleep(300);
  assert.equal(server.log().filter(({event}) => event === 'reloaded').length, 2);
});

test('TTIN starts a worker, TTOU ends one, and the last one stays', async (t) => {
  const server = await startServer(t, {module: pidService, flags: ['--workers=1']});
  server.signal('SIGTTIN');
  await server.event('worker_ready', {count: 2});
  assert.equal(server.workers().length, 2);
  server.signal('SIGTTOU');
  await until('one worker is left', () => server.workers().length === 1);
  server.signal('SIGTTOU');
  await sleep(300);
  assert.equal(server.workers().length, 1);
  assert.match((await server.get('/')).body, /^\d+$/);
});

test('WINCH ends all workers while connections wait, and HUP restores the configured number', async (t) => {
  const server = await startServer(t, {module: pidService, flags: ['--workers=2']});
  await server.event('worker_ready', {count: 2});
  server.signal('SIGWINCH');
  await until('no worker is left', () => server.workers().length === 0);
  const waiting = server.get('/');
  await sleep(200);
  server.signal('SIGHUP');
  assert.match((await waiting).body, /^\d+$/);
  await until('two workers are back', () => server.workers().length === 2);
});

test('a worker that receives TERM itself drains and is replaced; USR1 and USR2 end no process', async (t) => {
  const server = await startServer(t, {module: pidService, flags: ['--workers=1']});
  const [worker = 0] = server.workers();
  server.signal('SIGUSR1');
  server.signal('SIGUSR2');
  process.kill(worker, 'SIGUSR1');
  process.kill(worker, 'SIGINT');
  process.kill(worker, 'SIGHUP');
  assert.equal((await server.get('/')).body, String(worker));
  const slow = server.get('/slow');
  await sleep(200);
  process.kill(worker, 'SIGTERM');
  assert.equal((await slow).body, String(worker));
  await server.event('worker_ready', {count: 2});
  assert.notEqual((await server.get('/')).body, String(worker));
});

test('workers whose arbiter is killed finish their requests, exit and free the port', async (t) => {
  const server = await startServer(t, {module: pidService, flags: ['--workers=2']});
  await server.event('worker_ready', {count: 2});
  const workers = server.workers();
  const slow = server.get('/slow');
  await sleep(200);
  server.signal('SIGKILL');
  assert.match((await slow).body, /^\d+$/);
  await until('the workers have exited', () => !workers.some(isAlive));
  await assert.rejects(server.get('/'), {code: 'ECONNREFUSED'});
});
