import assert from 'node:assert/strict';
import {
  createServer,
  get,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import {
  type AddressInfo,
  connect,
  createServer as createAcceptor,
  createServer as createTcpServer,
  type Socket,
} from 'node:net';
import {test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {
  adoptConnection,
  bindHandle,
  bytesReceived,
  captureRejections,
  captureSignal,
  countConnections,
  currentResponse,
  descriptorOf,
  endsConnection,
  hasPipelined,
  headOf,
  ignoreFurtherRequests,
  incompleteRequest,
  isReset,
  onFirstWrite,
  parseBehindUpgrade,
  passBytes,
  passEnd,
  passHead,
  passInformation,
  readNow,
  replaceHead,
  responseOf,
  sentHead,
  setBacklog,
  storeHead,
  type StoreHead,
} from '../../../../src/server/process/node-internals.ts';
import {until} from '../../../support/until.ts';

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

test('a connection has a descriptor, and a reset shows although nothing is read any more', async () => {
  const accepted = Promise.withResolvers<Socket>();
  const server = createTcpServer({allowHalfOpen: true}, (socket) => accepted.resolve(socket.resume()));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const client = connect({port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true});
  client.end();
  const socket = (await accepted.promise).on('error', () => {});
  await new Promise((resolve) => void socket.once('end', resolve));
  assert.ok(descriptorOf(socket) > 2);
  assert.equal(isReset(socket), false);
  client.destroy();
  socket.write('x');
  await until('the reset arrives', () => isReset(socket));
  socket.destroy();
  assert.equal(descriptorOf(socket), -1);
  server.close();
});

test('the last request that maxRequestsPerSocket allows is marked as such, before its handler runs', async () => {
  const seen: unknown[] = [];
  const server = createServer((_, response) => {
    seen.push((response as {maxRequestsOnConnectionReached?: boolean}).maxRequestsOnConnectionReached);
    response.end();
  });
  server.maxRequestsPerSocket = 2;
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1').resume();
  client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await until('both are answered', () => seen.length === 2);
  assert.deepEqual(seen, [false, true]);
  client.destroy();
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

test('a connection of another listener counts as one of the server, and its end as well', async () => {
  const server = createServer((_, response) => response.end('ok'));
  const count = (): Promise<number> =>
    new Promise((resolve) => void server.getConnections((_, found) => resolve(found)));
  const closed = Promise.withResolvers<void>();
  const adopted: boolean[] = [];
  const acceptor = createAcceptor((socket) => {
    adopted.push(adoptConnection(server, socket));
    server.emit('connection', socket);
    socket.once('close', () => closed.resolve());
  });
  await new Promise<void>((resolve) => void acceptor.listen(0, '127.0.0.1', resolve));
  const {port} = acceptor.address() as AddressInfo;
  const client = connect(port, '127.0.0.1').setEncoding('utf8');
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await new Promise((resolve) => void client.once('data', resolve));
  assert.equal(await count(), 1);
  server.maxConnections = 1;
  const second = connect(port, '127.0.0.1');
  await until(
    () => 'the second connection was accepted',
    () => adopted.length === 2,
  );
  assert.deepEqual(adopted, [true, false]);
  second.destroy();
  client.destroy();
  await closed.promise;
  assert.equal(await count(), 0);
  acceptor.close();
});

test('bytes of a client are readable as soon as its connection is accepted', async () => {
  const read = Promise.withResolvers<string>();
  const server = createServer((_, response) => response.end());
  server.prependListener('connection', (socket) => {
    const text = String(readNow(socket));
    assert.equal(bytesReceived(socket), text === 'undefined' ? 0 : text.length);
    read.resolve(text);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.write('GET / HTTP/1.1\r\n\r\n');
  assert.match(await read.promise, /^(GET \/ HTTP\/1\.1\r\n\r\n|undefined)$/);
  client.destroy();
  server.close();
});

for (const [how, write] of [
  ['write', (socket: Socket) => void socket.write('first')],
  ['end', (socket: Socket) => void socket.end('first')],
  [
    'cork',
    (socket: Socket) => {
      socket.cork();
      socket.write('first');
      socket.write('second');
      socket.uncork();
    },
  ],
] as const) {
  test(`the first chunk that is written to a connection is seen once, with ${how}`, async () => {
    const seen: string[] = [];
    const server = createTcpServer((socket) => {
      onFirstWrite(socket, (chunk) => void seen.push(String(chunk)));
      write(socket);
      socket.end();
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    let text = '';
    for await (const chunk of connect((server.address() as AddressInfo).port, '127.0.0.1').setEncoding('utf8'))
      text += String(chunk);
    assert.deepEqual(seen, ['first']);
    assert.match(text, /^first/);
    server.close();
  });
}

interface RawServer {
  readonly server: Server;
  /** Sends bytes on a connection of its own, and returns what comes back until it matches. */
  readonly send: (bytes: string, until: RegExp) => Promise<string>;
}

async function rawServer(listener: RequestListener): Promise<RawServer> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const send = (bytes: string, pattern: RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      let text = '';
      const client = connect((server.address() as AddressInfo).port, '127.0.0.1').setEncoding('latin1');
      client
        .setTimeout(5000, () => reject(new Error(text)))
        .on('data', (more: string) => {
          text += more;
          if (!pattern.test(text)) return;
          client.destroy();
          resolve(text);
        });
      client.write(bytes);
    });
  return {server, send};
}

test('the head of a response can be changed when it is written, even after Connection was removed', async (t) => {
  const store: StoreHead = function (firstLine, headers) {
    assert.equal(headOf(this), store);
    this.shouldKeepAlive = false;
    storeHead(this, firstLine, {...(headers as object), 'x-own': 'yes'});
  };
  const {server, send} = await rawServer((_, response) => {
    replaceHead(response, store);
    response.removeHeader('connection');
    assert.equal(endsConnection(response), false);
    response.writeHead(200, {x: 'y'}).end();
    assert.equal(endsConnection(response), true);
  });
  t.after(() => server.close());
  assert.match(
    await send('GET / HTTP/1.1\r\nHost: a\r\n\r\n', /\r\n\r\n/),
    /x: y\r\nx-own: yes\r\n[^]*Connection: close\r\n/,
  );
});

test('the body that is arriving is known, and further requests of a connection can be ignored', async (t) => {
  const seen: (string | undefined)[] = [];
  const {server, send} = await rawServer((request, response) => {
    assert.equal(incompleteRequest(request.socket), request);
    ignoreFurtherRequests(request.socket);
    request.resume().once('end', () => {
      seen.push(request.url);
      setTimeout(() => {
        assert.equal(incompleteRequest(request.socket), undefined);
        response.end('done');
      }, 50);
    });
  });
  t.after(() => server.close());
  const next = 'POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nxxx';
  await send(`POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc${next}`, /done$/);
  assert.deepEqual(seen, ['/1']);
});

test('bytes behind an ignored Upgrade are parsed', async (t) => {
  const {server, send} = await rawServer((request, response) => response.end(request.url));
  t.after(() => server.close());
  Object.assign(server, {
    shouldUpgradeCallback: (request: IncomingMessage) => {
      parseBehindUpgrade(request);
      return false;
    },
  });
  const upgrade = 'Host: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n';
  await send(
    `GET /1 HTTP/1.1\r\n${upgrade}GET /2 HTTP/1.1\r\n${upgrade}GET /3 HTTP/1.1\r\nHost: a\r\n\r\n`,
    /\/1[^]*\/2[^]*\/3$/,
  );
});

const raise = async (signal: NodeJS.Signals): Promise<void> => {
  process.kill(process.pid, signal);
  await sleep(50);
};

test('a captured signal calls its handler alone; listeners are kept, and Node never stops watching for it', async () => {
  const calls: string[] = [];
  const listener = (): void => void calls.push('listener');
  process.on('SIGHUP', listener);
  const release = captureSignal('SIGHUP', () => calls.push('captured'));
  process.prependOnceListener('SIGHUP', () => calls.push('once'));
  assert.equal(Object.hasOwn(process, 'emit'), false);
  await raise('SIGHUP');
  assert.ok(process.listeners('SIGHUP').includes(listener));
  // Without a watch, the signal would end this process.
  process.removeAllListeners('SIGHUP');
  await raise('SIGHUP');
  process.on('SIGHUP', listener);
  release();
  assert.deepEqual(process.listeners('SIGHUP'), [listener]);
  process.emit('SIGHUP', 'SIGHUP');
  assert.deepEqual(calls, ['captured', 'captured', 'listener']);
  process.removeListener('SIGHUP', listener);
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

test('a response that another server has written is passed on byte for byte, and a last one closes the connection', async () => {
  const server = createServer((request, response) => {
    const last = request.url === '/last';
    if (!last) assert.equal(responseOf(request.socket), response);
    passInformation(response, 'HTTP/1.1 102 Wait\r\nx-caf\u00e9: 1\r\n\r\n');
    passHead(response, 203, 'HTTP/1.1 203 Mine\r\nTransfer-Encoding: chunked\r\n\r\n', last);
    assert.deepEqual([response.headersSent, response.statusCode, endsConnection(response)], [true, 203, last]);
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
