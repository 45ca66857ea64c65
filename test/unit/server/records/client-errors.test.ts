import assert from 'node:assert/strict';
import {createServer, type Server} from 'node:http';
import {createServer as createSecureServer} from 'node:https';
import {type AddressInfo, connect} from 'node:net';
import {test, type TestContext} from 'node:test';
import {connect as connectSecurely} from 'node:tls';
import {answerClientErrors} from '../../../../src/server/records/client-errors.ts';
import {makeCertificate} from '../../../support/certificate.ts';
import {temporaryDirectory} from '../../../support/directory.ts';

/** Listens, and returns the port and the statuses that were counted. */
async function listening(t: TestContext, server: Server): Promise<{port: number; counted: readonly number[]}> {
  const counted: number[] = [];
  answerClientErrors(
    server,
    (_, status) => void counted.push(status),
    (socket, last) => void socket.end(last),
  );
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return {port: (server.address() as AddressInfo).port, counted};
}

function received(port: number, text: string, end = false): Promise<string> {
  return new Promise((resolve) => {
    let all = '';
    const socket = connect({port, host: '127.0.0.1', allowHalfOpen: true}, () => {
      socket.write(text, 'latin1');
      if (end) socket.end();
    });
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      all += chunk;
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(`${all}${error.code}`));
    socket.once('end', () => {
      resolve(all);
      socket.destroy();
    });
  });
}

test('plain HTTP on a TLS server, and a broken handshake, are closed without a count, and others are served', async (t) => {
  const {certificate, key} = makeCertificate(temporaryDirectory(), 1);
  const server = createSecureServer({cert: certificate, key}, (_, response) => void response.end('secure'));
  const {port, counted} = await listening(t, server as unknown as Server);
  for (const text of ['GET / HTTP/1.1\r\nHost: a\r\n\r\n', '\x16\x03\x01\x00\x05hello']) await received(port, text);
  const answer = await new Promise<string>((resolve) => {
    const socket = connectSecurely({port, host: '127.0.0.1', rejectUnauthorized: false}, () =>
      socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'),
    );
    socket.setEncoding('latin1').once('data', (text: string) => {
      resolve(text);
      socket.destroy();
    });
  });
  assert.match(answer, /^HTTP\/1\.1 200 /);
  assert.deepEqual(counted, []);
});

test('a malformed request over TLS gets its 400', async (t) => {
  const {certificate, key} = makeCertificate(temporaryDirectory(), 1);
  const {port, counted} = await listening(t, createSecureServer({cert: certificate, key}) as unknown as Server);
  let text = '';
  const socket = connectSecurely({port, host: '127.0.0.1', rejectUnauthorized: false}, () =>
    socket.write('what\r\n\r\n'),
  );
  for await (const chunk of socket.setEncoding('latin1')) text += String(chunk);
  assert.match(text, /^HTTP\/1\.1 400 Bad Request\r\nConnection: close\r\n/);
  assert.deepEqual(counted, [400]);
});

test('a client that ends its message halfway gets a 400; one that only connects is not counted', async (t) => {
  const {port, counted} = await listening(t, createServer());
  assert.match(await received(port, 'GET / HT', true), /^HTTP\/1\.1 400 /);
  assert.equal(await received(port, '', true), '');
  assert.deepEqual(counted, [400]);
});

test('a body that breaks after the response has begun ends the connection, since no other status is possible', async (t) => {
  const server = createServer((request, response) => {
    request.resume();
    response.write('begun');
  });
  const {port, counted} = await listening(t, server);
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.write('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
  for await (const chunk of socket.setEncoding('latin1')) {
    text += String(chunk);
    if (text.includes('begun')) socket.write('zz\r\n');
  }
  assert.doesNotMatch(text, /400/);
  assert.deepEqual(counted, []);
});

test('bytes behind a last request neither replace its response nor count', async (t) => {
  const server = createServer((_, response) => void setTimeout(() => response.end('whole'), 50));
  const {port, counted} = await listening(t, server);
  const text = await received(
    port,
    'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n',
  );
  assert.match(text, /^HTTP\/1\.1 200 [^]*whole$/);
  assert.deepEqual(counted, []);
});
