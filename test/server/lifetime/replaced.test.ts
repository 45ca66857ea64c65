import assert from 'node:assert/strict';
import {rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {suite, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {until} from '../../support/until.ts';
import {startServer} from '../support.ts';

// /slow answers piece by piece, for longer than the graceful timeout of these tests.
const service = `
import {existsSync} from "node:fs";
if (existsSync("broken")) throw new Error("no database");
export default (request, response) => {
  if (request.url === "/endless") return response.write("begun");
  if (request.url !== "/slow") return response.end(String(process.pid));
  let left = 12;
  const timer = setInterval(() => {
    response.write("part ");
    if ((left -= 1) === 0) { clearInterval(timer); response.end("end"); }
  }, 170);
};`;
const whole = `${'part '.repeat(12)}end`;

// They wait more than they compute.
suite('a worker that was replaced', {concurrency: 3}, () => {
  for (const workerClass of ['async', 'sync', 'threads']) {
    test(`HUP does not cut a response that takes longer than the graceful timeout, nor wait for it (${workerClass})`, async (t) => {
      const server = await startServer(t, {
        module: service,
        flags: ['--workers=1', `--worker-class=${workerClass}`, '--threads=1', '--graceful-timeout=0.3'],
      });
      const [old] = server.workers();
      const slow = server.get('/slow');
      await sleep(200);
      server.signal('SIGHUP');
      await server.event('reloaded');
      assert.ok(server.workers().includes(old ?? 0));
      assert.notEqual((await server.get('/')).body, String(old));
      assert.equal((await slow).body, whole);
      assert.equal((await server.event('worker_exited'))['reason'], 'reload');
      assert.deepEqual(
        server.log().filter(({event}) => event === 'connections_cut'),
        [],
      );
    });
  }

  test('a recycled worker finishes a response that takes longer than the graceful timeout', async (t) => {
    const server = await startServer(t, {
      module: service,
      flags: ['--workers=1', '--graceful-timeout=0.3', '--max-requests=3'],
    });
    const slow = server.get('/slow');
    await sleep(100);
    for (let count = 0; count < 3; count += 1) await server.get('/');
    assert.equal((await slow).body, whole);
    assert.equal((await server.event('worker_exited'))['reason'], 'max-requests');
  });

  test('TERM gives the graceful timeout to workers that are leaving already', async (t) => {
    const server = await startServer(t, {module: service, flags: ['--workers=1', '--graceful-timeout=0.5']});
    const endless = server.get('/endless').catch((error: Error) => error.message);
    await sleep(200);
    server.signal('SIGHUP');
    await server.event('reloaded');
    assert.equal(server.workers().length, 2);
    const started = Date.now();
    server.signal('SIGTERM');
    assert.equal((await server.ended).code, 0);
    assert.ok(Date.now() - started < 2500, `${Date.now() - started} ms`);
    assert.equal(await endless, 'aborted');
  });

  test('a worker is recycled in the end when its replacement has not booted at first', async (t) => {
    const server = await startServer(t, {module: service, flags: ['--workers=1', '--max-requests=3']});
    writeFileSync(join(server.directory, 'broken'), '');
    const first = (await server.get('/')).body;
    for (let count = 0; count < 3; count += 1) await server.get('/');
    await server.event('worker_failed', {count: 3});
    assert.equal((await server.get('/')).body, first);
    rmSync(join(server.directory, 'broken'));
    await until('the worker is replaced', async () => (await server.get('/')).body !== first);
  });
});
