import assert from 'node:assert/strict';
import {request} from 'node:https';
import {test} from 'node:test';
import {makeCertificate} from '../support/certificate.ts';
import {directoryWith} from '../support/directory.ts';
import {longIf} from '../support/long.ts';
import {until} from '../support/until.ts';
import {rawConnection, startServer} from './support.ts';

// What node:http accepts and RFC 9112 forbids; upgrades that nothing serves; HTTP/1.0.

const service = `export default async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  if (request.url === '/chunked') response.writeHead(200, {'transfer-encoding': 'chunked'});
  if (request.url === '/trailer') response.writeHead(200, {'transfer-encoding': 'chunked', trailer: 'x'});
  response.end(request.url + JSON.stringify([body, request.rawTrailers]));
};`;
const chunks = '5\r\nhello\r\n0\r\n\r\n';
const refused: readonly (readonly [string, number])[] = [
  ['GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400],
  ['GET / HTTP/1.1\r\nHost: a, b\r\n\r\n', 400],
  ['GET / HTTP/1.1\r\nHost: u@a\r\n\r\n', 400],
  ['GET / HTTP/1.1\r\n\r\n', 400],
  ['GET * HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  [`POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: junk, chunked\r\n\r\n${chunks}`, 501],
  ['GET /x\nHost: a\r\nContent-Length: 5\r\n\r\nhello', 505],
  ['GET / HTTP/2.0\r\nHost: a\r\n\r\n', 505],
  ['CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n', 501],
  ['GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n', 400],
];

for (const kind of ['async', 'sync', 'threads'] as const) {
  test(
    `${kind}: messages that RFC 9112 forbids are refused and their connections closed`,
    longIf(kind === 'sync'),
    async (t) => {
      const server = await startServer(t, {
        module: service,
        flags: ['--workers=1', `--worker-class=${kind}`, '--access-log'],
      });
      for (const [bytes, status] of refused) {
        const client = await rawConnection(t, server.port);
        client.write(bytes);
        await client.until(new RegExp(`^HTTP/1.1 ${status} `));
        assert.equal(await client.closed, 'end', bytes);
        assert.equal(client.received().split('HTTP/1.1 ').length, 2);
        assert.match(client.received(), /\r\nconnection: close\r\n/i);
      }
      const lines = (): number => server.log().filter(({event}) => event === 'request').length;
      await until('they are in the access log', () => lines() === refused.length);
    },
  );

  test(
    `${kind}: an Upgrade that nothing serves is ignored, and nothing behind it is lost`,
    longIf(kind === 'sync'),
    async (t) => {
      const server = await startServer(t, {module: service, flags: ['--workers=1', `--worker-class=${kind}`]});
      const h2c = 'Host: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ\r\n';
      const client = await rawConnection(t, server.port);
      const next =
        kind === 'sync'
          ? ''
          : `POST /2 HTTP/1.1\r\n${h2c}Content-Length: 5\r\n\r\nhelloGET /3 HTTP/1.1\r\nHost: a\r\n\r\n`;
      client.write(`GET /1 HTTP/1.1\r\n${h2c}\r\n${next}`);
      await client.until(kind === 'sync' ? /\/1\["/ : /\/1\["".*\/2\["hello".*\/3\[""/s);
    },
  );

  test(
    `${kind}: a client of HTTP/1.0 gets no chunks, even if the service sets Transfer-Encoding`,
    longIf(kind === 'sync'),
    async (t) => {
      const server = await startServer(t, {module: service, flags: ['--workers=1', `--worker-class=${kind}`]});
      // The event loop of a worker with threads does not see that a service announces trailers.
      const path = kind === 'threads' ? '/chunked' : '/trailer';
      for (const headers of ['Host: a\r\n', 'Host: a\r\nTE: chunked\r\n', 'Host: a\r\nConnection: keep-alive\r\n']) {
        const client = await rawConnection(t, server.port);
        client.write(`GET ${path} HTTP/1.0\r\n${headers}\r\n`);
        await client.until(/\r\n\r\n\/(chunked|trailer)\["",\[\]\]$/);
        assert.doesNotMatch(client.received(), /transfer-encoding/i);
        assert.equal(await client.closed, 'end');
      }
    },
  );
}

test('trailers that must not be are dropped before the service sees them', async (t) => {
  const server = await startServer(t, {module: service, flags: ['--workers=1']});
  const client = await rawConnection(t, server.port);
  client.write(
    'POST /t HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: 1\r\nAuthorization: b\r\nCookie: a\r\n\r\n',
  );
  await client.until(/\/t\["",\["X-Sum","1"\]\]/);
});

test('--no-strict-http accepts what node:http accepts', async (t) => {
  const server = await startServer(t, {module: service, flags: ['--workers=1', '--no-strict-http']});
  const client = await rawConnection(t, server.port);
  client.write(`POST / HTTP/1.1\r\nHost: a b\r\nHost: c\r\nTransfer-Encoding: junk, chunked\r\n\r\n${chunks}`);
  await client.until(/^HTTP\/1\.1 200 .*hello/s);
  const trailers = await rawConnection(t, server.port);
  trailers.write('POST /t HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nAuthorization: b\r\n\r\n');
  await trailers.until(/\/t\["",\["Authorization","b"\]\]/);
});

test('--strict-content-length cuts a response that is shorter or longer than its length, and no other follows on its connection', async (t) => {
  const module = `export default (request, response) => {
    response.writeHead(200, {'content-length': 5});
    response.end({'/short': 'four', '/long': 'longer'}[request.url] ?? 'equal');
  };`;
  for (const kind of ['async', 'threads']) {
    const flags = ['--workers=1', `--worker-class=${kind}`, '--strict-content-length'];
    const server = await startServer(t, {module, flags});
    for (const path of ['/short', '/long']) {
      const client = await rawConnection(t, server.port);
      client.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n`);
      await client.closed;
      assert.doesNotMatch(client.received(), /equal|longer/, `${kind} ${path}`);
    }
    assert.equal((await server.get('/')).body, 'equal');
    await server.event('request_failed', {count: 2});
  }
});

test('sync: an https.Server of the service completes every handshake', async (t) => {
  const {certificate, key} = makeCertificate(directoryWith({}), 1);
  const server = await startServer(t, {
    module: `import {createServer} from 'node:https';
      const options = ${JSON.stringify({key, cert: certificate})};
      export default createServer(options, (request, response) => response.end('secret'));`,
    flags: ['--workers=1', '--worker-class=sync'],
  });
  const get = (): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      request({port: server.port, host: '127.0.0.1', rejectUnauthorized: false, agent: false}, (response) =>
        response.resume().once('end', () => resolve(response.statusCode)),
      )
        .once('error', reject)
        .end();
    });
  assert.deepEqual(
    await Promise.all(Array.from({length: 8}, get)),
    Array.from({length: 8}, () => 200),
  );
});
