import assert from 'node:assert/strict';
import {existsSync} from 'node:fs';
import {createServer, request} from 'node:http';
import {join} from 'node:path';
import {test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {get, startServer} from './support.ts';

const kinds: Readonly<Record<string, string>> = {
  'a (request, response) function': 'export default (request, response) => response.end("hello " + request.url);',
  'a function of a request': 'export default (request) => new Response("hello " + new URL(request.url).pathname);',
  'an object with fetch':
    'export default {fetch: (request) => new Response("hello " + new URL(request.url).pathname)};',
  'an http.Server':
    'import {createServer} from "node:http"; export default createServer((request, response) => response.end("hello " + request.url));',
  'a CommonJS function': '',
  'a server that listens on PORT itself':
    'import {createServer} from "node:http"; createServer((request, response) => response.end("hello " + request.url)).listen(process.env.PORT);',
  'a server that listens later, with an object':
    'import {createServer} from "node:http"; setTimeout(() => createServer((request, response) => response.end("hello " + request.url)).listen({port: Number(process.env.PORT), host: process.env.HOST}), 200);',
};

for (const [kind, module] of Object.entries(kinds)) {
  test(`${kind} is served by two workers and stops with 0`, async (t) => {
    const server =
      module === ''
        ? await startServer(t, {
            file: 'service.cjs',
            module: 'module.exports = (request, response) => response.end("hello " + request.url);',
            flags: ['--workers=2'],
          })
        : await startServer(t, {module, flags: ['--workers=2']});
    await server.event('worker_ready', {count: 2});
    assert.equal((await server.get('/there')).body, 'hello /there');
    assert.equal(server.workers().length, 2);
    server.signal('SIGTERM');
    assert.deepEqual(await server.ended, {code: 0, signal: null});
  });
}

test('a CommonJS service finds its own file by require.main', async (t) => {
  const server = await startServer(t, {
    file: 'service.cjs',
    module: 'module.exports = (request, response) => response.end(require.main.filename);',
    flags: ['--workers=1'],
  });
  assert.match((await server.get('/')).body, /\/service\.cjs$/);
  server.signal('SIGTERM');
  assert.deepEqual(await server.ended, {code: 0, signal: null});
});

test('a service that listens on another port is served there, with a warning', async (t) => {
  const probe = createServer().listen(0);
  const {port} = probe.address() as {port: number};
  await new Promise((resolve) => probe.close(resolve));
  const server = await startServer(t, {
    module: `import {createServer} from "node:http"; createServer((request, response) => response.end("mine")).listen(${port});`,
    flags: ['--workers=2'],
  });
  await server.event('worker_ready', {count: 2});
  assert.match(
    String((await server.event('listens_elsewhere'))['message']),
    new RegExp(`port ${port}.*process.env.PORT`),
  );
  assert.equal((await get(port, '/')).body, 'mine');
  server.signal('SIGTERM');
  assert.deepEqual(await server.ended, {code: 0, signal: null});
});

test('a service can open a second port, for metrics', async (t) => {
  const server = await startServer(t, {
    module:
      'import {createServer} from "node:http"; const metrics = createServer((request, response) => response.end("metrics")); metrics.listen(0); export default (request, response) => response.end(String(metrics.address().port));',
    flags: ['--workers=1'],
  });
  const port = Number((await server.get('/')).body);
  assert.equal((await get(port, '/')).body, 'metrics');
  server.signal('SIGTERM');
  assert.equal((await server.ended).code, 0);
});

test("a service's own SIGTERM handler runs after the last response and can end the process itself", async (t) => {
  const server = await startServer(t, {
    module:
      'process.on("SIGTERM", () => setTimeout(() => { console.log("pool closed"); process.exit(0); }, 100)); export default (request, response) => setTimeout(() => { response.end("ok"); console.log("answered"); }, 500);',
    flags: ['--workers=1'],
  });
  const answer = server.get('/');
  await sleep(200);
  server.signal('SIGTERM');
  assert.equal((await answer).body, 'ok');
  assert.deepEqual(await server.ended, {code: 0, signal: null});
  assert.match(server.output(), /answered\n(.*\n)*pool closed/);
});

test('a Unix socket is served, and its file is removed at the end', async (t) => {
  const words = {
    module: 'export default (request, response) => response.end("by path");',
    flags: ['--workers=2', '--bind=unix:app.sock'],
    listening: true,
  };
  const server = await startServer(t, words);
  const path = join(server.directory, 'app.sock');
  const body = await new Promise<string>((resolve, reject) => {
    request({socketPath: path, path: '/'}, (response) => response.setEncoding('utf8').on('data', resolve))
      .once('error', reject)
      .end();
  });
  assert.equal(body, 'by path');
  server.signal('SIGTERM');
  assert.equal((await server.ended).code, 0);
  assert.equal(existsSync(path), false);
});

test('rr and reuseport serve all workers on one port', async (t) => {
  for (const dispatch of ['rr', 'reuseport']) {
    const probe = createServer().listen(0);
    const {port} = probe.address() as {port: number};
    await new Promise((resolve) => probe.close(resolve));
    const server = await startServer(t, {
      module: 'export default (request, response) => response.end(String(process.pid));',
      flags: ['--workers=2', `--dispatch=${dispatch}`, `--bind=127.0.0.1:${port}`],
    });
    await server.event('worker_ready', {count: 2});
    const pids = new Set<string>();
    for (let count = 0; count < 40; count += 1) pids.add((await get(port, '/')).body);
    assert.equal(pids.size, 2, dispatch);
    server.signal('SIGHUP');
    await server.event('reloaded');
    assert.match((await get(port, '/')).body, /^\d+$/);
    server.signal('SIGTERM');
    assert.equal((await server.ended).code, 0);
  }
});

test('messages of a service to its parent process or thread are its own, whatever they say', async (t) => {
  const module = `
import {parentPort} from 'node:worker_threads';
for (const type of ['ready', 'metrics', 'recycle', 'files-loaded', 'drained', 'failed']) process.send?.({type});
parentPort?.on('message', (message) => console.log('message from the loop ' + JSON.stringify(message)));
parentPort?.unref();
parentPort?.postMessage({type: 'crashed'});
parentPort?.postMessage('text');
export default (request, response) => response.end('ok');`;
  for (const workerClass of ['async', 'threads']) {
    const server = await startServer(t, {
      module,
      flags: ['--workers=1', `--worker-class=${workerClass}`, '--threads=1', '--admin-bind=127.0.0.1:0'],
    });
    const workers = server.workers();
    // Two reports of the worker.
    await sleep(1500);
    assert.equal((await server.get('/')).body, 'ok');
    assert.deepEqual(server.workers(), workers);
    assert.deepEqual(
      server.log().filter(({level}) => level !== 'info'),
      [],
    );
    assert.doesNotMatch(server.output(), /message from the loop/);
  }
});
