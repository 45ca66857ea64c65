import assert from 'node:assert/strict';
import {describe, test, type TestContext} from 'node:test';
import {long} from '../support/long.ts';
import {until} from '../support/until.ts';
import {get, type LogLine, rawConnection, startServer, type TestServer} from './support.ts';

// What is counted and logged, whichever part of Node or of the server answers.

const service = `
import {Writable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import {createServer} from 'node:http';
const server = createServer(async (request, response) => {
  if (request.url === '/slow') return setTimeout(() => response.end('slow'), 300);
  if (request.url === '/never' || request.url === '/body') return request.resume();
  if (request.url === '/break') for await (const chunk of request) break;
  if (request.url === '/pipeline')
    await pipeline(request, new Writable({write: (chunk, encoding, done) => done(new Error('full'))})).catch(() => {});
  if (request.url === '/begun') return response.write('begun');
  if (request.url === '/fields') response.writeHead(200, {'X-Own': 'yes', 'Set-Cookie': ['a=1', 'b=2']});
  if (request.url === '/hints') response.writeEarlyHints({link: '</a.css>; rel=preload; as=style'});
  response.end(request.headers['x-request-id']);
});
server.on('upgrade', (request, socket) => {
  if (request.url === '/refused') return socket.end('HTTP/1.1 401 Unauthorized\\r\\nConnection: close\\r\\n\\r\\n');
  if (request.url === '/silent') return socket.destroy();
  socket.write('HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nX-Id: ' + request.headers['x-request-id'] + '\\r\\n\\r\\n');
  socket.on('data', (data) => socket.write(data));
  socket.on('end', () => socket.end());
  socket.on('error', () => {});
});
export default server;`;

interface Recording extends TestServer {
  readonly requests: () => readonly LogLine[];
  /** Waits for so many lines of the access log, and returns their statuses. */
  readonly statuses: (count: number) => Promise<readonly unknown[]>;
  readonly sample: (name: string) => Promise<number>;
}

async function recording(
  t: TestContext,
  workerClass: string,
  flags: readonly string[] = [],
  module = service,
): Promise<Recording> {
  const server = await startServer(t, {
    module,
    flags: ['--workers=1', `--worker-class=${workerClass}`, '--access-log', '--admin-bind=127.0.0.1:0', ...flags],
  });
  const admin = Number(/\d+$/.exec(String((await server.event('admin_listening'))['bind']))?.[0]);
  const requests = (): readonly LogLine[] => server.log().filter(({event}) => event === 'request');
  return {
    ...server,
    requests,
    statuses: async (count) => {
      await until(
        () => `${count} lines in:\n${server.output()}`,
        () => requests().length >= count,
        5,
      );
      return requests().map(({status}) => status);
    },
    sample: async (name) => {
      const {body} = await get(admin, '/metrics');
      const line = body.split('\n').find((text) => text.startsWith(`${name} `));
      return Number(line?.slice(name.length + 1));
    },
  };
}

/** In `npm test`, sync is left out: it shares its code with async. */
const only = (workerClass: string): typeof long => (workerClass === 'sync' ? long : {});

const answered = (name: string): string => `entrypoint_requests_total{class="${name}"}`;
const handshake = 'Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

// They wait, for the report that a worker sends once a second above all.
describe('records', {concurrency: 8}, () => {
  for (const workerClass of ['async', 'sync', 'threads']) {
    test(
      `${workerClass}: what Node's parser answers is counted and logged, without method and path`,
      only(workerClass),
      async (t) => {
        const server = await recording(t, workerClass, ['--headers-timeout=1', '--max-header-size=2048']);
        const send = async (text: string): Promise<string> => {
          const connection = await rawConnection(t, server.port);
          connection.write(text);
          const received = await connection.until(/^HTTP\/1\.1 \d{3} [^]*\r\n\r\n/);
          assert.equal(await connection.closed, 'end', 'no reset');
          assert.match(received, /^Connection: close\r$/im);
          return received.slice(9, 12);
        };
        const silent = await rawConnection(t, server.port);
        const slow = send('GET / HTTP/1.1\r\nHost: a\r\n');
        assert.equal(await send('nonsense\r\n\r\n'), '400');
        assert.equal(await send(`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(200_000)}\r\n\r\n`), '431');
        assert.equal(
          await send(
            `POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;${'x'.repeat(20_000)}\r\na\r\n0\r\n\r\n`,
          ),
          '413',
        );
        assert.equal(await send('POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'), '400');
        // Those that Node answers with a response.
        assert.equal(await send('GET / HTTP/1.1\r\n\r\n'), '400');
        assert.equal(await send('GET / HTTP/1.1\r\nHost: a\r\nExpect: what\r\nConnection: close\r\n\r\n'), '417');
        assert.equal(await slow, '408');
        assert.equal(await silent.closed, 'end');
        assert.deepEqual((await server.statuses(7)).toSorted(), [400, 400, 400, 408, 413, 417, 431]);
        const lines = server.requests();
        assert.partialDeepStrictEqual(lines[0], {method: '', path: '', bytes: 0, client: '127.0.0.1', status: 400});
        assert.deepEqual(
          lines.filter(({path}) => path === '/body').map(({status, method}) => [status, method]),
          [
            [413, 'POST'],
            [400, 'POST'],
          ],
        );
        await until('all are counted', async () => (await server.sample(answered('4xx'))) === 7, 5);
        assert.deepEqual(
          [
            await server.sample('entrypoint_requests_in_flight'),
            await server.sample('entrypoint_requests_aborted_total'),
          ],
          [0, 0],
        );
      },
    );

    test(
      `${workerClass}: a service that stops reading a body, and clients that leave, are recorded`,
      only(workerClass),
      async (t) => {
        const server = await recording(t, workerClass);
        const body = Buffer.alloc(300_000);
        for (const path of ['/break', '/pipeline']) {
          const {status} = await server.get(path, {method: 'POST', body}).catch(() => ({status: 0}));
          assert.ok(status === 200 || status === 0, String(status));
        }
        const leaving = await rawConnection(t, server.port);
        leaving.write('GET /never HTTP/1.1\r\nHost: a\r\n\r\n');
        await until('it is in flight', async () => (await server.sample('entrypoint_requests_in_flight')) === 1, 5);
        leaving.destroy();
        assert.equal((await server.statuses(3)).at(-1), 499);
        for (const line of server.requests()) assert.equal(line['client'], '127.0.0.1');
        assert.equal(server.log().filter(({event}) => event === 'worker_exited').length, 0);
        await until('it is counted', async () => (await server.sample('entrypoint_requests_aborted_total')) >= 1, 5);
      },
    );
  }

  for (const workerClass of ['async', 'sync', 'threads']) {
    test(
      `${workerClass}: requests that take too long are counted and logged, with the status that their clients got`,
      only(workerClass),
      async (t) => {
        const flags = ['--headers-timeout=1', '--request-timeout=1', '--handler-timeout=2.5'];
        const server = await recording(t, workerClass, flags);
        const send = async (text: string): Promise<string> => {
          const connection = await rawConnection(t, server.port);
          connection.write(text);
          await connection.closed;
          return connection.received().split('\r\n')[0] ?? '';
        };
        const answers = await Promise.all([
          send('GET / HTTP/1.1\r\nHost: a\r\n'),
          send('POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc'),
          send('GET /never HTTP/1.1\r\nHost: a\r\n\r\n'),
          send('GET /begun HTTP/1.1\r\nHost: a\r\n\r\n'),
        ]);
        assert.deepEqual(
          answers.map((line) => line.split(' ')[1]),
          ['408', '408', '503', '200'],
        );
        await server.statuses(4);
        assert.deepEqual(
          server
            .requests()
            .map(({status, method, path, bytes}) => [status, method, path, status === 499 ? undefined : bytes])
            .toSorted(),
          [
            [408, '', '', 0],
            [408, 'POST', '/body', 0],
            [499, 'GET', '/begun', undefined],
            [503, 'GET', '/never', 20],
          ],
        );
        await until('all are counted', async () => (await server.sample(answered('5xx'))) === 1, 5);
        assert.deepEqual(
          [
            await server.sample(answered('4xx')),
            await server.sample('entrypoint_requests_aborted_total'),
            await server.sample('entrypoint_requests_in_flight'),
          ],
          [2, 1, 0],
        );
      },
    );
  }

  test('a field of the response is in the access log, whichever class and method has written it', async (t) => {
    const check = async (workerClass: string): Promise<void> => {
      const format = '%(U)s %({x-own}o)s %({Set-Cookie}o)s %({content-length}o)s %({none}o)s';
      const server = await recording(t, workerClass, [`--access-log-format=${format}`]);
      await server.get('/fields');
      await server.get('/slow');
      await until(
        () => `two lines of ${workerClass} in:\n${server.output()}`,
        () => /^\/fields yes a=1, b=2 - -$/m.test(server.output()) && /^\/slow - - 4 -$/m.test(server.output()),
        5,
      );
    };
    await Promise.all(['async', 'sync', 'threads'].map(check));
  });

  for (const workerClass of ['async', 'sync', 'threads']) {
    test(
      `${workerClass}: a websocket is counted when it opens, and logged when it ends`,
      only(workerClass),
      async (t) => {
        const server = await recording(t, workerClass);
        const client = await rawConnection(t, server.port);
        client.write(`GET /ws?secret HTTP/1.1\r\nHost: a\r\n${handshake}`);
        const id = /^X-Id: ([0-9a-f]{32})\r$/m.exec(await client.until(/\r\n\r\n/))?.[1];
        client.write('hello');
        await client.until(/hello$/);
        await until('the gauge is 1', async () => (await server.sample('entrypoint_websockets')) === 1, 5);
        assert.equal(await server.sample(answered('1xx')), 1);
        assert.equal(server.requests().length, 0);
        client.destroy();
        assert.deepEqual(await server.statuses(1), [101]);
        assert.partialDeepStrictEqual(server.requests()[0], {method: 'GET', path: '/ws', bytes: 5, request_id: id});
        // One after the other: a line is written when its connection has ended on the server's side, too.
        for (const [path, expected] of [
          ['/refused', [101, 401]],
          ['/silent', [101, 401, 499]],
        ] as const) {
          const other = await rawConnection(t, server.port);
          other.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n${handshake}`);
          await other.closed;
          other.destroy();
          assert.deepEqual(await server.statuses(expected.length), expected);
        }
        await until('all are counted', async () => (await server.sample('entrypoint_requests_aborted_total')) === 1, 5);
        assert.deepEqual(
          [
            await server.sample('entrypoint_websockets'),
            await server.sample('entrypoint_requests_in_flight'),
            await server.sample(answered('4xx')),
            await server.sample('entrypoint_request_duration_seconds_count'),
          ],
          [0, 0, 1, 2],
        );
      },
    );
  }

  test('a request before what the parser rejects gets its own response first', async (t) => {
    const server = await recording(t, 'async');
    const client = await rawConnection(t, server.port);
    client.write('GET /slow HTTP/1.1\r\nHost: a\r\n\r\nnonsense\r\n\r\n');
    assert.equal(await client.closed, 'end');
    assert.deepEqual(client.received().match(/HTTP\/1\.1 \d{3}/g), ['HTTP/1.1 200', 'HTTP/1.1 400']);
    assert.deepEqual(await server.statuses(2), [200, 400]);
  });

  test("a service's own listener answers what the parser rejects, and it is counted", async (t) => {
    const server = await recording(
      t,
      'async',
      [],
      service.replace(
        'export default',
        "server.on('clientError', (error, socket) => socket.end('HTTP/1.1 400 Mine\\r\\nConnection: close\\r\\n\\r\\n'));\nexport default",
      ),
    );
    const client = await rawConnection(t, server.port);
    client.write('nonsense\r\n\r\n');
    assert.match(await client.until(/\r\n\r\n/), /^HTTP\/1\.1 400 Mine\r\n/);
    assert.deepEqual(await server.statuses(1), [400]);
  });

  test('early hints are no response of their own', async (t) => {
    const server = await recording(t, 'async');
    await server.get('/hints');
    assert.deepEqual(await server.statuses(1), [200]);
    await until('it is counted', async () => (await server.sample(answered('2xx'))) === 1, 5);
    assert.equal(await server.sample(answered('1xx')), 0);
  });

  for (const workerClass of ['async', 'threads']) {
    test(`${workerClass}: behind a trusted proxy the access log has the client's address, and the service one valid id`, async (t) => {
      const server = await recording(t, workerClass, ['--forwarded-allow-ips=127.0.0.1,10.0.0.0/8']);
      const connection = await rawConnection(t, server.port);
      connection.write(
        'GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.2.3.4, 198.51.100.7, 10.0.0.1\r\nX-Request-Id: one\r\nX-Request-Id: two\r\nConnection: close\r\n\r\n',
      );
      await connection.closed;
      const id = connection
        .received()
        .split('\r\n\r\n')[1]
        ?.match(/[0-9a-f]{32}/)?.[0];
      assert.deepEqual(await server.statuses(1), [200]);
      assert.partialDeepStrictEqual(server.requests()[0], {client: '198.51.100.7', request_id: id});
    });
  }

  test('a list of proxies that is none ends the start with 64', async (t) => {
    const server = await startServer(t, {
      module: service,
      flags: ['--forwarded-allow-ips=10.0.0.0/33'],
      listening: false,
    });
    assert.equal((await server.ended).code, 64);
    assert.match(server.output(), /--forwarded-allow-ips must be a list of addresses and networks/);
  });
});
