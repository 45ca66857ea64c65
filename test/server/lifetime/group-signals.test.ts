import assert from 'node:assert/strict';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {rawConnection, startServer} from '../support.ts';

// A terminal, dumb-init, systemd and foreman signal every process of the server.

const service = `
import {existsSync} from "node:fs";
const ended = [];
process.on("SIGTERM", () => { console.log("first handler, after " + ended.join(" ")); process.exit(0); });
process.prependOnceListener("SIGTERM", () => console.log("prepended handler"));
const removed = () => console.log("removed handler");
process.on("SIGTERM", removed);
process.removeListener("SIGTERM", removed);
for (const signal of ["SIGINT", "SIGHUP"]) process.on(signal, () => console.log("own " + signal));
const end = (request, response) => { ended.push(request.url); response.end("ok"); };
const isWaiting = (url) => url === "/slow" && !existsSync("go");
export default (request, response) => {
  if (!isWaiting(request.url)) return end(request, response);
  const timer = setInterval(() => { if (!isWaiting(request.url)) { clearInterval(timer); end(request, response); } }, 20);
};`;

const slow = 'GET /slow HTTP/1.1\r\nHost: x\r\n\r\n';

for (const workerClass of ['async', 'sync', 'threads']) {
  test(`TERM to the process group: requests in progress are answered, then the service's own handlers run (${workerClass})`, async (t) => {
    const server = await startServer(t, {
      module: service,
      flags: ['--workers=2', `--worker-class=${workerClass}`, '--threads=1', '--graceful-timeout=5'],
      ownGroup: true,
    });
    await server.event('worker_ready', {count: 2});
    const client = await rawConnection(t, server.port);
    client.write(slow);
    await sleep(200);
    process.kill(-server.pid, 'SIGTERM');
    await server.event('draining');
    await sleep(200);
    writeFileSync(join(server.directory, 'go'), '');
    assert.match(await client.until(/ok/), /^HTTP\/1\.1 200 .*connection: close/is);
    assert.deepEqual(await server.ended, {code: 0, signal: null});
    if (workerClass !== 'threads')
      assert.match(server.output(), /prepended handler\n(?:.*\n)*?.*first handler, after \/slow/);
    assert.doesNotMatch(server.output(), /removed handler/);
  });
}

test('TERM to the process group resets no client, and is served for --drain-delay, as TERM to the arbiter', async (t) => {
  const server = await startServer(t, {
    module: 'export default (request, response) => response.end("ok");',
    flags: ['--workers=2', '--drain-delay=0.8', '--graceful-timeout=5'],
    ownGroup: true,
  });
  await server.event('worker_ready', {count: 2});
  process.kill(-server.pid, 'SIGTERM');
  const started = Date.now();
  let code = '';
  for (; code === '';) {
    try {
      assert.equal((await server.get('/')).body, 'ok');
    } catch (error) {
      code = (error as NodeJS.ErrnoException).code ?? String(error);
    }
  }
  assert.equal(code, 'ECONNREFUSED');
  assert.ok(Date.now() - started > 700, `refused after ${Date.now() - started} ms`);
  assert.equal((await server.ended).code, 0);
});

test("INT to the process group ends the server at once, after the service's own handlers; HUP does not call them", async (t) => {
  const server = await startServer(t, {module: service, flags: ['--workers=1'], ownGroup: true});
  process.kill(-server.pid, 'SIGHUP');
  await server.event('reloaded');
  // The old worker has left: its handlers of SIGTERM ran, those of SIGHUP did not.
  assert.match(server.output(), /first handler/);
  assert.doesNotMatch(server.output(), /own SIGHUP/);
  process.kill(-server.pid, 'SIGINT');
  assert.deepEqual(await server.ended, {code: 0, signal: null});
  assert.equal(server.output().split('own SIGINT').length, 2, server.output());
});
