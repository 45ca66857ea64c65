import assert from 'node:assert/strict';
import {before, test} from 'node:test';
import {installFrameworks, withFrameworks} from '../support/frameworks.ts';
import {longIf} from '../support/long.ts';
import {get, rawConnection, startServer} from './support.ts';

// Unmodified services of the common frameworks: they import nothing of the server, and some call listen themselves.

const routes = {
  hello: 'hello',
  slow: 'after 800 ms',
};

/** Each answers `/hello`, `/slow` after 800 ms, and `/echo` with the request body. */
const apps: Readonly<Record<string, string>> = {
  express: `
const app = require('express')();
app.use(require('express').json());
app.get('/hello', (request, response) => void response.send('hello'));
app.get('/slow', (request, response) => void setTimeout(() => response.send('after 800 ms'), 800));
app.post('/echo', (request, response) => void response.json(request.body));
module.exports = app;`,
  fastify: `
const app = require('fastify')();
app.get('/hello', async () => 'hello');
app.get('/slow', () => new Promise((resolve) => setTimeout(resolve, 800, 'after 800 ms')));
app.post('/echo', async (request) => request.body);
module.exports = app;`,
  koa: `
const Koa = require('koa');
const app = new Koa();
app.use(async (context) => {
  if (context.path === '/hello') context.body = 'hello';
  if (context.path === '/slow') context.body = await new Promise((resolve) => setTimeout(resolve, 800, 'after 800 ms'));
  if (context.path === '/echo') context.body = context.req;
});
module.exports = app;`,
  hono: `
const {Hono} = require('hono');
const app = new Hono();
app.get('/hello', (context) => context.text('hello'));
app.get('/slow', async (context) => context.text(await new Promise((resolve) => setTimeout(resolve, 800, 'after 800 ms'))));
app.post('/echo', async (context) => context.json(await context.req.json()));
module.exports = app;`,
  'hono that listens itself': `
const {Hono} = require('hono');
const app = new Hono();
app.get('/hello', (context) => context.text('hello'));
app.get('/slow', async (context) => context.text(await new Promise((resolve) => setTimeout(resolve, 800, 'after 800 ms'))));
app.post('/echo', async (context) => context.json(await context.req.json()));
require('@hono/node-server').serve({fetch: app.fetch, port: Number(process.env.PORT)});`,
  'express that listens itself': `
const app = require('express')();
app.use(require('express').json());
app.get('/hello', (request, response) => void response.send('hello'));
app.get('/slow', (request, response) => void setTimeout(() => response.send('after 800 ms'), 800));
app.post('/echo', (request, response) => void response.json(request.body));
app.listen(process.env.PORT);`,
};

before(installFrameworks);

for (const [name, text] of Object.entries(apps)) {
  for (const workerClass of ['async', 'sync', 'threads']) {
    // A thread serves the same server as a worker, and sync shares its code with async.
    const isLong = workerClass === 'sync' || (workerClass === 'threads' && name !== 'express' && name !== 'fastify');
    test(
      `${name}, ${workerClass}: answers, receives bodies, and finishes requests at SIGTERM`,
      longIf(isLong),
      async (t) => {
        const server = await startServer(t, {
          file: 'service.cjs',
          module: withFrameworks(text),
          flags: ['--workers=2', `--worker-class=${workerClass}`],
        });
        await server.event('worker_ready', {count: 2});
        assert.equal((await server.get('/hello')).body, routes.hello);
        const echoed = await fetch(`http://127.0.0.1:${server.port}/echo`, {
          method: 'POST',
          headers: {'content-type': 'application/json'},
          body: '{"points": 10}',
        });
        assert.deepEqual(JSON.parse(await echoed.text()), {points: 10});
        const slow = get(server.port, '/slow');
        await new Promise((resolve) => setTimeout(resolve, 300));
        server.signal('SIGTERM');
        assert.equal((await slow).body, routes.slow);
        assert.deepEqual(await server.ended, {code: 0, signal: null});
      },
    );
  }
}

test('fastify runs its onReady, onListen and onClose hooks once', async (t) => {
  const server = await startServer(t, {
    file: 'service.cjs',
    module: withFrameworks(`
const app = require('fastify')();
for (const hook of ['onReady', 'onListen', 'onClose']) app.addHook(hook, async () => console.log('hook ' + hook));
app.get('/', async () => 'ok');
module.exports = app;`),
    flags: ['--workers=1'],
  });
  assert.equal((await server.get('/')).body, 'ok');
  server.signal('SIGTERM');
  await server.ended;
  assert.deepEqual(
    server
      .output()
      .split('\n')
      .filter((line) => line.startsWith('hook ')),
    ['hook onReady', 'hook onListen', 'hook onClose'],
  );
});

test("hono has node:http's bindings, and its bodyLimit leaves the connection usable", async (t) => {
  const server = await startServer(t, {
    file: 'service.cjs',
    module: withFrameworks(`
const {Hono} = require('hono');
const {bodyLimit} = require('hono/body-limit');
const {getConnInfo} = require('@hono/node-server/conninfo');
const app = new Hono();
app.get('/address', (context) => context.text(getConnInfo(context).remote.address));
app.post('/', bodyLimit({maxSize: 1000}), async (context) => context.text(await context.req.text()));
module.exports = app;`),
    flags: ['--workers=1'],
  });
  assert.equal((await server.get('/address')).body, '127.0.0.1');
  const connection = await rawConnection(t, server.port);
  const body = 'x'.repeat(500_000);
  connection.write(
    `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\nGET /address HTTP/1.1\r\nHost: a\r\n\r\n`,
  );
  assert.match(await connection.until(/127\.0\.0\.1/), /^HTTP\/1\.1 413 [^]*HTTP\/1\.1 200 /);
});
