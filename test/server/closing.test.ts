import assert from 'node:assert/strict';
import {test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {until} from '../support/until.ts';
import {type RawConnection, rawConnection, startServer, type TestServer} from './support.ts';

// RFC 9112 section 9.6: the last response of a connection says so, nothing behind it is processed, and no reset discards it.

const classes = ['async', 'sync', 'threads'] as const;
const get = (path: string, headers = ''): string => `GET ${path} HTTP/1.1\r\nHost: service\r\n${headers}\r\n`;
const post = (path: string, length: number): string =>
  `POST ${path} HTTP/1.1\r\nHost: service\r\nContent-Length: ${length}\r\n\r\n`;

const service = `
  const forms = {
    '/set': (response) => response.setHeader('connection', 'keep-alive').setHeader('Keep-Alive', 'timeout=9').end('/set'),
    '/object': (response) => response.writeHead(200, {Connection: 'keep-alive'}).end('/object'),
    '/array': (response) => response.writeHead(200, ['connection', 'keep-alive', 'x', 'y']).end('/array'),
    '/pairs': (response) => response.writeHead(200, [['connection', 'keep-alive'], ['x', 'y']]).end('/pairs'),
    '/both': (response) => response.setHeader('x', 'y').writeHead(200, {connection: 'keep-alive'}).end('/both'),
    '/removed': (response) => { response.removeHeader('connection'); response.end('/removed'); },
    '/upgrade': (response) => response.writeHead(426, {connection: 'keep-alive, Upgrade', upgrade: 'x'}).end('/upgrade'),
    '/close': (response) => response.setHeader('connection', 'close').end('/close'),
  };
  export default (request, response) => {
    console.log('RAN ' + request.method + ' ' + request.url);
    if (request.url.startsWith('/early')) return response.writeHead(403).end('no');
    if (request.url.startsWith('/partly')) {
      request.once('data', () => { request.pause(); response.end('enough'); });
      return;
    }
    if (request.url.startsWith('/slow')) return void setTimeout(() => response.end(request.url), 300);
    if (request.url.startsWith('/first')) { response.writeHead(200, {connection: 'close'}); response.write('part'); return void setTimeout(() => response.end(), 300); }
    (forms[request.url] ?? ((own) => own.end(request.url)))(response);
  };
`;
const fetchService = `
  export default {fetch: () => new Response('fetched', {headers: {connection: 'keep-alive', 'keep-alive': 'timeout=9'}})};
`;

const ran = (server: TestServer, line: string): number => server.output().split(`RAN ${line}\n`).length - 1;
const connectionOf = (text: string): string => /^connection: *(.*)\r$/im.exec(text)?.[1] ?? 'none';

/** Sends a request on a connection that had one before, and returns the response. */
async function ask(client: RawConnection, path: string): Promise<string> {
  const before = client.received().length;
  client.write(get(path));
  await client.until(new RegExp(`^.{${before}}HTTP/1.1 [^]*\r\n\r\n[^]*${path === '/' ? 'fetched' : path}`, 's'));
  return client.received().slice(before);
}

test('sync: every response says close and closes, whatever the service sets', async (t) => {
  const server = await startServer(t, {module: service, flags: ['--workers=1', '--worker-class=sync']});
  for (const path of ['/set', '/object', '/array', '/pairs', '/both', '/removed']) {
    const client = await rawConnection(t, server.port);
    const response = await ask(client, path);
    assert.equal(connectionOf(response), 'close', response);
    assert.doesNotMatch(response, /keep-alive/i);
    assert.equal(await client.closed, 'end', path);
  }
  const client = await rawConnection(t, server.port);
  assert.equal(connectionOf(await ask(client, '/upgrade')), 'close, Upgrade');
});

test('async: while it drains, the next response of each connection is its last, whatever the service sets', async (t) => {
  for (const module of [service, fetchService]) {
    const server = await startServer(t, {module, flags: ['--workers=1']});
    const client = await rawConnection(t, server.port);
    const path = module === service ? '/set' : '/';
    assert.equal(connectionOf(await ask(client, path)), 'keep-alive');
    server.signal('SIGTERM');
    await server.event('draining');
    await sleep(100);
    assert.equal(connectionOf(await ask(client, path)), 'close');
    assert.equal(await client.closed, 'end');
    client.destroy();
    await server.ended;
    assert.equal(server.log().filter(({event}) => event === 'connections_cut').length, 0);
  }
});

test('async: the response to a client that asks to close closes, whatever the service sets', async (t) => {
  const server = await startServer(t, {module: service, flags: ['--workers=1']});
  const client = await rawConnection(t, server.port);
  client.write(get('/set', 'Connection: close\r\n'));
  await client.until(/\/set$/);
  assert.equal(connectionOf(client.received()), 'close');
  assert.equal(await client.closed, 'end');
});

for (const kind of classes) {
  test(`${kind}: a listener to the end of the last response of a connection has the address of its client`, async (t) => {
    const server = await startServer(t, {
      module: `export default ({socket}, response) => {
        response.once('finish', async () => {
          const now = socket.remoteAddress;
          await null;
          console.log('FROM ' + now + ' ' + socket.remoteAddress);
        });
        response.end('done');
      };`,
      flags: ['--workers=1', `--worker-class=${kind}`],
    });
    const client = await rawConnection(t, server.port);
    client.write(get('/', 'Connection: close\r\n'));
    assert.equal(await client.closed, 'end');
    await until('the listener runs', () => /FROM .*\n/.test(server.output()));
    assert.match(server.output(), /FROM 127\.0\.0\.1 127\.0\.0\.1\n/);
  });

  test(`${kind}: a request behind the last response of its connection is not processed and not counted`, async (t) => {
    const flags = ['--workers=1', `--worker-class=${kind}`, '--access-log'];
    const server = await startServer(t, {
      module: service,
      flags: kind === 'sync' ? flags : [...flags, '--max-connections=1'],
    });
    for (const first of ['/fast', '/slow']) {
      const client = await rawConnection(t, server.port);
      // What is behind is discarded even if it is not HTTP.
      client.write(`${get(first)}${post('/pay', 0)}${post('/pay', 3)}abcnonsense\r\n\r\n`);
      await client.until(new RegExp(first));
      assert.equal(await client.closed, 'end');
      assert.equal(client.received().split('HTTP/1.1 ').length, 2);
      client.destroy();
    }
    server.signal('SIGUSR1');
    const logged = (): readonly unknown[] =>
      server
        .log()
        .filter(({event}) => event === 'request')
        .map(({path}) => path);
    await until('both are logged', () => logged().length >= 2);
    assert.deepEqual([logged(), ran(server, 'POST /pay')], [['/fast', '/slow'], 0]);
  });

  test(`${kind}: a client that is still sending a body gets the response, and no reset`, async (t) => {
    const server = await startServer(t, {module: service, flags: ['--workers=1', `--worker-class=${kind}`]});
    for (let round = 0; round < 3; round += 1) {
      const client = await rawConnection(t, server.port);
      client.write(
        `POST /early HTTP/1.1\r\nHost: service\r\nConnection: close\r\nContent-Length: 3000000\r\n\r\n${'x'.repeat(3_000_000)}`,
      );
      await client.until(/^HTTP\/1\.1 403 /);
      assert.equal(await client.closed, 'end');
    }
  });
}

for (const kind of ['async', 'threads'] as const) {
  test(`${kind}: a body that the service does not read, or not completely, never silences its connection`, async (t) => {
    const server = await startServer(t, {module: service, flags: ['--workers=1', `--worker-class=${kind}`]});
    for (const path of ['/early', '/partly']) {
      const client = await rawConnection(t, server.port);
      client.write(`${post(path, 1_000_000)}${'x'.repeat(1_000_000)}${get('/next')}`);
      await until(`${path}: the next response or the end`, () => client.received().includes('/next') || ended(client));
      assert.match(client.received(), /^HTTP\/1\.1 (403|200) /);
      client.destroy();
    }
  });
}

const closedClients = new WeakSet<RawConnection>();
function ended(client: RawConnection): boolean {
  void client.closed.then(() => closedClients.add(client));
  return closedClients.has(client);
}

test('a service that says close in the middle of a pipeline gets no further request of it', async (t) => {
  const server = await startServer(t, {module: service, flags: ['--workers=1']});
  const client = await rawConnection(t, server.port);
  client.write(get('/first'));
  await client.until(/part/);
  client.write(post('/pay', 0));
  assert.equal(await client.closed, 'end');
  assert.equal(ran(server, 'POST /pay'), 0);
  assert.equal(client.received().split('HTTP/1.1 ').length, 2);
});

test('a pipeline that has arrived before SIGTERM is answered completely', async (t) => {
  const server = await startServer(t, {module: service, flags: ['--workers=1']});
  const client = await rawConnection(t, server.port);
  client.write(`${get('/slow1')}${get('/slow2')}`);
  await until('both have started', () => ran(server, 'GET /slow1') + ran(server, 'GET /slow2') === 2);
  server.signal('SIGTERM');
  await client.until(/\/slow1.*\/slow2$/s);
});

test('bytes that are not HTTP get a 400 that no reset discards; a listener of the service for them is left alone', async (t) => {
  const server = await startServer(t, {module: service, flags: ['--workers=1']});
  const client = await rawConnection(t, server.port);
  client.write(`nonsense\r\n\r\n${'x'.repeat(1_000_000)}`);
  await client.until(/^HTTP\/1\.1 400 Bad Request\r\n/);
  assert.equal(await client.closed, 'end');
  const own = await startServer(t, {
    module: `import {createServer} from 'node:http';
      export default createServer((request, response) => response.end()).on('clientError', (_, socket) => socket.end('own'));`,
    flags: ['--workers=1'],
  });
  const other = await rawConnection(t, own.port);
  other.write('nonsense\r\n\r\n');
  await other.until(/^own$/);
});
