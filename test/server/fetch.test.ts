import assert from 'node:assert/strict';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {test, type TestContext} from 'node:test';
import {gzipSync} from 'node:zlib';
import {longIf} from '../support/long.ts';
import {until} from '../support/until.ts';
import {get, type LogLine, rawConnection, startServer, type TestServer} from './support.ts';

// One service with a handler for each behaviour, in each worker class.
const module = `
const bytes = (text) => new TextEncoder().encode(text);
const stream = (...chunks) => new ReadableStream({start(controller) { for (const chunk of chunks) controller.enqueue(chunk); controller.close(); }});
const endless = (name) => {
  let timer;
  return new Response(new ReadableStream({
    start(controller) { timer = setInterval(() => controller.enqueue(bytes('data: x\\n\\n')), 20); },
    cancel() { clearInterval(timer); console.log('cancelled ' + name); },
  }));
};
const gates = new Map();
let constant;
const routes = {
  '/endless': (request) => endless(request.method),
  '/late': (request) => new Promise((resolve) => request.signal.addEventListener('abort', () => { console.log('aborted ' + request.signal.reason.name); resolve(endless('late')); })),
  '/left': (request) => new Promise((_, reject) => request.signal.addEventListener('abort', () => { console.log('left'); reject(request.signal.reason); })),
  '/waiting': () => new Response(new ReadableStream({pull(controller) { return new Promise((resolve) => gates.set('waiting', () => { controller.enqueue(bytes('first')); controller.close(); resolve(); })); }})),
  '/go': () => { gates.get('waiting')(); return new Response('gone'); },
  '/unread': () => new Response('no', {status: 403}),
  '/half': async (request) => { await request.body.getReader().read(); return new Response('no', {status: 413}); },
  '/signal': async (request) => { const {signal} = request; signal.addEventListener('abort', () => console.log('wrongly aborted')); return new Response('complete'); },
  '/throws': () => { throw new Error('the handler is wrong', {cause: new Error('the cause')}); },
  '/pull': () => new Response(new ReadableStream({pull() { throw new Error('no first chunk'); }})),
  '/later': () => { let count = 0; return new Response(new ReadableStream({pull(controller) { if (count++ > 0) return new Promise((_, reject) => setTimeout(reject, 50, new Error('no second chunk'))); controller.enqueue(bytes('one')); }})); },
  '/text-chunk': () => new Response(stream('text')),
  '/nothing': () => undefined,
  '/error': () => Response.error(),
  '/constant': () => (constant ??= new Response('ok')),
  '/used': async () => { const response = new Response('used'); await response.text(); return response; },
  '/short': () => new Response(stream(bytes('abc')), {headers: {'content-length': '10'}}),
  '/long': () => new Response(stream(bytes('abc'), bytes('def')), {headers: {'content-length': '4'}}),
  '/wrong-length': () => new Response('abcdef', {headers: {'content-length': '3', 'transfer-encoding': 'chunked', connection: 'keep-alive, x'}}),
  '/close': () => new Response('bye', {headers: {connection: 'close'}}),
  '/cookies': () => new Response('ok', {statusText: 'Fine', headers: [['set-cookie', 'a=1'], ['set-cookie', 'b=2'], ['x-latin', '\\u00e9']]}),
  '/characters': (request) => new Response(new URL(request.url).searchParams.get('text'), {headers: request.headers.has('x-latin') ? {'x-latin': '\\u00e9'} : {}}),
  '/proxy': () => fetch('http://127.0.0.1:' + process.env.UPSTREAM),
  '/empty': (request) => Response.json(request.body === null),
  '/info': (request, {incoming, remoteAddr}) => Response.json([incoming.url, remoteAddr.hostname]),
};
// Node has set the socket of the request to null by then.
const cancelled = async (request, info) => {
  await request.body.cancel();
  return Response.json([request.signal.aborted, new URL(request.url).pathname, info.remoteAddr.hostname, info.remoteAddr.port > 0]);
};
export default {fetch: (request, info) => request.method === 'PATCH' ? cancelled(request, info) : (routes[new URL(request.url).pathname] ?? (() => new Response(request.url)))(request, info)};
`;

async function start(t: TestContext, workerClass: string): Promise<TestServer> {
  const upstream = createServer((_, response) => {
    const body = gzipSync('hello '.repeat(1000));
    response
      .writeHead(200, {'content-encoding': 'gzip', 'content-length': body.length, 'keep-alive': 'timeout=1234'})
      .end(body);
  });
  await new Promise<void>((resolve) => void upstream.listen(0, '127.0.0.1', resolve));
  t.after(() => upstream.close().closeAllConnections());
  return startServer(t, {
    module,
    flags: ['--workers=1', '--threads=1', `--worker-class=${workerClass}`],
    env: {UPSTREAM: String((upstream.address() as AddressInfo).port)},
  });
}

/** Waits for a line of output of the service. */
const said = (server: TestServer, line: string): Promise<unknown> =>
  until(
    () => `${line} in:\n${server.output()}`,
    () => server.output().includes(line),
    10,
  );

const failures = (server: TestServer, path: string): readonly LogLine[] =>
  server.log().filter((line) => line.event === 'request_failed' && line['path'] === path);

/** Waits for the log line of a failed request. Those of the requests before it are there as well. */
const failed = (server: TestServer, path: string): Promise<unknown> =>
  until(
    () => `request_failed of ${path} in:\n${server.output()}`,
    () => failures(server, path).length > 0,
    10,
  );

/** Sends requests on one connection; what came back until the server closed it, or the pattern matched. */
async function raw(t: TestContext, port: number, text: string, pattern: RegExp): Promise<string> {
  const connection = await rawConnection(t, port);
  connection.write(text);
  let closed = false;
  void (async () => {
    await connection.closed;
    closed = true;
  })();
  await until(
    () => `${String(pattern)} in:\n${connection.received()}`,
    () => closed || pattern.test(connection.received()),
    10,
  );
  connection.destroy();
  return connection.received();
}

const request = (path: string, {method = 'GET', host = 'a', rest = ''} = {}): string =>
  `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n${rest}\r\n`;

for (const workerClass of ['async', 'sync', 'threads']) {
  test(`a fetch handler, ${workerClass}`, longIf(workerClass === 'sync'), async (t) => {
    const server = await start(t, workerClass);
    const {port} = server;

    await t.test(
      'the body of a response is cancelled once when the client leaves, on HEAD, and if it comes too late',
      async () => {
        const client = await rawConnection(t, port);
        client.write(request('/endless'));
        await client.until(/data: x/);
        client.destroy();
        await said(server, 'cancelled GET');
        assert.equal((await server.get('/endless', {method: 'HEAD'})).status, 200);
        await said(server, 'cancelled HEAD');
        await assert.rejects(server.get('/late', {seconds: 0.2}));
        await said(server, 'cancelled late');
        assert.match(server.output(), /aborted AbortError/);
        assert.equal(server.output().split('cancelled ').length - 1, 3);
      },
    );

    await t.test(
      'an error of the handler or of the stream is logged once, with time and pid, and is a 500 until the head is out',
      async () => {
        const wrong = ['/throws', '/pull', '/text-chunk', '/nothing', '/error', '/used'];
        for (const path of wrong) {
          const {status, body} = await server.get(`${path}?secret`);
          assert.deepEqual([path, status, body], [path, 500, 'Internal Server Error\n']);
        }
        await failed(server, '/used');
        const [line] = failures(server, '/throws');
        assert.match(String(line?.['stack']), /the handler is wrong\n\s+at [^]*caused by: Error: the cause\n\s+at /);
        assert.ok(line?.['time'] !== undefined && line['pid'] !== undefined && line['method'] === 'GET');
        await assert.rejects(server.get('/later'));
        await failed(server, '/later');
        for (const path of [...wrong, '/later']) assert.equal(failures(server, path).length, 1, path);
        assert.equal(server.output().includes('secret'), false);
      },
    );

    await t.test('a request still knows its signal, its URL and its client when its body was cancelled', async () => {
      const {status, body} = await server.get('/late', {method: 'PATCH', body: 'x'.repeat(100_000)});
      assert.deepEqual([status, body], [200, JSON.stringify([false, '/late', '127.0.0.1', true])]);
    });

    await t.test('a client that has left is no error, and a complete response aborts nothing', async () => {
      await assert.rejects(server.get('/left', {seconds: 0.2}));
      await said(server, '\nleft\n');
      assert.equal((await server.get('/signal')).body, 'complete');
      assert.equal((await server.get('/')).status, 200);
      assert.deepEqual(failures(server, '/left'), []);
      assert.equal(server.output().includes('wrongly aborted'), false);
    });

    await t.test('a response can be returned once: after that it is a 500 with a length of its own', async () => {
      // Each thread has its own.
      const copies = workerClass === 'threads' ? 3 : 1;
      const bodies: string[] = [];
      while (bodies.length <= copies) bodies.push((await server.get('/constant')).body);
      assert.equal(bodies[0], 'ok');
      assert.ok(bodies.includes('Internal Server Error\n'), String(bodies));
      assert.equal((await server.get('/')).status, 200);
    });

    await t.test('a wrong Content-Length or Transfer-Encoding never lets a connection lose its place', async () => {
      const wrong = await server.get('/wrong-length');
      assert.equal(wrong.body, 'abcdef');
      assert.equal(wrong.headers['transfer-encoding'], undefined);
      await assert.rejects(server.get('/short'));
      await failed(server, '/short');
      assert.equal(failures(server, '/short').length, 1);
      const long = await raw(t, port, request('/long') + request('/after'), /\/after/);
      assert.match(long, /content-length: 4\r\n[^]*\r\n\r\nabcd$/i);
      await failed(server, '/long');
      assert.equal(failures(server, '/long').length, 1);
    });

    await t.test(
      'what fetch returns is passed on without the connection headers and the coding of the upstream',
      async () => {
        const {headers, body} = await server.get('/proxy');
        assert.equal(body, 'hello '.repeat(1000));
        assert.equal(headers['content-encoding'], undefined);
        assert.notEqual(headers['keep-alive'], 'timeout=1234');
      },
    );

    await t.test('status text, several cookies, latin1 values and Connection: close go out as they are', async () => {
      const text = await raw(t, port, request('/cookies'), /ok$/);
      assert.match(text, /^HTTP\/1\.1 200 Fine\r\n/);
      assert.match(text, /set-cookie: a=1\r\nset-cookie: b=2\r\nx-latin: \u00e9\r\n/i);
      // In the class threads, the connection is the event loop's.
      if (workerClass !== 'threads')
        assert.match(await raw(t, port, request('/close') + request('/after'), /never/), /connection: close[^]*bye$/i);
    });

    await t.test(
      'a text arrives as UTF-8 with its length in bytes, whatever characters it and the headers have',
      async () => {
        for (const text of ['plain', '', '\u00e9', '\u20ac', '\u{1f600}'])
          for (const headers of [{}, {'x-latin': 'yes'}]) {
            const answer = await server.get(`/characters?text=${encodeURIComponent(text)}`, {headers});
            assert.equal(answer.body, text);
            assert.equal(answer.headers['content-length'], String(Buffer.byteLength(text)));
            assert.equal(answer.headers['x-latin'], 'x-latin' in headers ? '\u00e9' : undefined);
          }
      },
    );

    await t.test(
      'the URL of a request is that of its target and Host; what is none is a 400 or 501 without a line of log',
      async () => {
        const before = server.log().length;
        const close = {rest: 'Connection: close\r\n'};
        const url = async (path: string, options = {}): Promise<string> =>
          (await raw(t, port, request(path, {...close, ...options}), /never/))
            .replace(/^[^]*\r\n\r\n/, '')
            .replace(/^[\da-f]+\r\n(.*)\r\n0\r\n\r\n$/, '$1');
        assert.equal(await url('//other.example/x'), 'http://a//other.example/x');
        assert.equal(await url('http://b/x'), 'http://b/x');
        assert.equal(await url('*', {method: 'OPTIONS'}), 'http://a/');
        assert.equal(await url('/x', {host: ''}), `http://127.0.0.1:${port}/x`);
        for (const host of ['a b', 'u:p@h', 'h:99999'])
          assert.match(await raw(t, port, request('/x', {...close, host}), /never/), /^HTTP\/1\.1 400 /);
        assert.match(
          await raw(t, port, request('/x', {...close, method: 'TRACE'}), /never/),
          /^HTTP\/1\.1 (?:501|405) /,
        );
        assert.equal(server.log().length, before);
      },
    );

    await t.test(
      "a request without a body has none, and the handler's second argument has node:http's request",
      async () => {
        assert.equal((await server.get('/empty', {method: 'POST', headers: {'content-length': '0'}})).body, 'true');
        assert.equal((await server.get('/empty', {method: 'POST', body: 'x'})).body, 'false');
        assert.deepEqual(JSON.parse((await server.get('/info?x')).body), ['/info?x', '127.0.0.1']);
      },
    );

    if (workerClass === 'async') {
      await t.test('the head of a response goes out before the first chunk', async () => {
        const client = await rawConnection(t, port);
        client.write(request('/waiting'));
        await client.until(/\r\n\r\n/);
        assert.equal((await get(port, '/go')).body, 'gone');
        await client.until(/first/);
      });

      await t.test('the next request of a connection is answered, however much of a body was read', async () => {
        const size = 1_000_000;
        for (const path of ['/unread', '/half']) {
          const text = request(path, {method: 'POST', rest: `Content-Length: ${size}\r\n`}) + 'x'.repeat(size);
          assert.match(await raw(t, port, text + request('/next'), /\/next/), /HTTP\/1\.1 4\d\d [^]*HTTP\/1\.1 200 /);
        }
      });
    }
  });
}

const rejecting = `
async (request, response) => {
  if (request.url === '/rejects') throw new Error('rejected');
  response.end('ok');
}`;
const throwing = `
(request, response) => {
  if (request.url === '/rejects') throw new Error('rejected');
  response.end('ok');
}`;

const kinds: Readonly<Record<string, string>> = {
  'an async handler': `export default ${rejecting}`,
  'a handler that throws': `export default ${throwing}`,
  'an http.Server with an async listener': `import {createServer} from 'node:http'; export default createServer(${rejecting});`,
  'an http.Server that listens itself': `import {createServer} from 'node:http'; createServer(${throwing}).listen(process.env.PORT);`,
};

for (const [kind, text] of Object.entries(kinds)) {
  test(`${kind} costs one request when it fails, not the worker`, async (t) => {
    const server = await startServer(t, {module: text, flags: ['--workers=1']});
    const [worker] = server.workers();
    assert.equal((await server.get('/rejects')).status, 500);
    assert.equal((await server.get('/')).body, 'ok');
    assert.deepEqual(server.workers(), [worker]);
    await failed(server, '/rejects');
    assert.equal(failures(server, '/rejects').length, 1);
  });
}

test('a plugin of fastify is refused at the start, with what to write instead', async (t) => {
  const server = await startServer(t, {
    module: 'export default async function (fastify, options) { fastify.get("/", async () => "ok"); }',
    listening: false,
  });
  assert.equal((await server.ended).code, 65);
  assert.match(server.output(), /fastify plugin[^]*app\.register\(plugin\)/);
});
