import assert from 'node:assert/strict';
import {createServer, get, type ServerResponse} from 'node:http';
import {type AddressInfo, connect, type Socket} from 'node:net';
import {test} from 'node:test';
import {
  bindHandle,
  captureRejections,
  countConnections,
  currentResponse,
  hasPipelined,
  readNow,
  sentHead,
  setBacklog,
} from '../../../../src/server/process/node-internals.ts';

// Fails when a new version of Node has changed an internal that the server uses.

test('a handle is bound without listening, and has a port', async () => {
  const name: {port?: number} = {};
  const handle = bindHandle('127.0.0.1', 0, 4);
  assert.ok(typeof handle === 'object' && handle.getsockname(name) === 0 && (name.port ?? 0) > 0);
  await assert.rejects(new Promise((_, reject) => void connect(name.port ?? 0, '127.0.0.1').once('error', reject)), {
    code: 'ECONNREFUSED',
  });
  handle.close();
});

test('the response in progress, its head, pipelined requests and the connection count are where they were', async () => {
  const seen = Promise.withResolvers<readonly [Socket, ServerResponse]>();
  const server = createServer((request, response) => seen.resolve([request.socket, response]));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const {port} = server.address() as AddressInfo;
  const answered = new Promise<void>((resolve, reject) => {
    get({port, host: '127.0.0.1', agent: false}, (response) => response.resume().once('end', resolve)).once(
      'error',
      reject,
    );
  });
  const [socket, response] = await seen.promise;
  assert.equal(currentResponse(socket), response);
  assert.equal(hasPipelined(socket, response), false);
  assert.equal(sentHead(response), '');
  countConnections(server, 1);
  assert.equal(await new Promise((resolve) => void server.getConnections((_, count) => resolve(count))), 2);
  countConnections(server, -1);
  setBacklog(server, 1);
  response.writeHead(200, {'x-own': 'yes'}).end();
  assert.match(sentHead(response), /^HTTP\/1\.1 200 OK\r\nx-own: yes\r\n/);
  await answered;
  server.close();
});

test('bytes of a client are readable as soon as its connection is accepted', async () => {
  const read = Promise.withResolvers<string>();
  const server = createServer((_, response) => response.end());
  server.prependListener('connection', (socket) => read.resolve(String(readNow(socket))));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.write('GET / HTTP/1.1\r\n\r\n');
  assert.match(await read.promise, /^(GET \/ HTTP\/1\.1\r\n\r\n|undefined)$/);
  client.destroy();
  server.close();
});

test('a promise of a listener that rejects reaches the server, once captureRejections is on', async () => {
  const server = createServer();
  captureRejections(server);
  const rejected = new Promise((resolve) =>
    Object.defineProperty(server, Symbol.for('nodejs.rejection'), {value: resolve}),
  );
  server.on('request', async () => {
    throw new Error('rejected');
  });
  server.emit('request');
  assert.match(String(await rejected), /rejected/);
});
