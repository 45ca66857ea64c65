import assert from 'node:assert/strict';
import {createServer, get, type ServerResponse} from 'node:http';
import {type AddressInfo, connect, type Socket} from 'node:net';
import {test} from 'node:test';
import {
  bindHandle,
  countConnections,
  currentResponse,
  hasPipelined,
  isLast,
  passBytes,
  passEnd,
  passHead,
  passInformation,
  readNow,
  responseOf,
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

test('a response that another server has written is passed on byte for byte, and a last one closes the connection', async () => {
  const server = createServer((request, response) => {
    const last = request.url === '/last';
    if (!last) assert.equal(responseOf(request.socket), response);
    passInformation(response, 'HTTP/1.1 102 Wait\r\nx-caf\u00e9: 1\r\n\r\n');
    passHead(response, 203, 'HTTP/1.1 203 Mine\r\nTransfer-Encoding: chunked\r\n\r\n', last);
    assert.deepEqual([response.headersSent, response.statusCode, isLast(response)], [true, 203, last]);
    assert.equal(passBytes(response, '1\r\na\r\n', 'latin1'), true);
    // So that whoever ends the response knows its framing.
    assert.equal((response as {chunkedEncoding?: boolean}).chunkedEncoding, true);
    if (last) passEnd(response, '0\r\n\r\n', 'latin1');
    else {
      passBytes(response, Buffer.from('0\r\n\r\n'), 'latin1');
      passEnd(response, undefined, 'latin1');
    }
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  let text = '';
  client.setEncoding('latin1').on('data', (part: string) => {
    text += part;
  });
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /last HTTP/1.1\r\nHost: a\r\n\r\n');
  await new Promise((resolve) => void client.once('end', resolve));
  const each =
    'HTTP/1.1 102 Wait\r\nx-caf\u00e9: 1\r\n\r\nHTTP/1.1 203 Mine\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n';
  assert.equal(text, each + each);
  server.close();
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
