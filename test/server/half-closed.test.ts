import assert from 'node:assert/strict';
import {connect, type Socket} from 'node:net';
import {type TestContext, test} from 'node:test';
import {until} from '../support/until.ts';
import {startServer, type TestServer} from './support.ts';

// A client that closes its half after its request.

const service = `
  export default (request, response) => {
    console.log('started ' + request.url);
    response.once('close', () => console.log('closed ' + request.url + ' ' + response.writableFinished));
    if (request.url === '/silent') return void response.writeHead(200, {'content-type': 'text/event-stream'}).write('data: x');
    if (request.url.startsWith('/slow')) return void setTimeout(() => response.end(request.url), Number(request.url.slice(5)));
    if (request.url === '/never') return;
    if (request.url === '/paused') {
      response.write('first ');
      return void setTimeout(() => response.end('last'), 1500);
    }
    if (request.url === '/quiet') return void response.write('quiet');
    response.end(request.url);
  };
`;

interface HalfClosed {
  readonly socket: Socket;
  readonly received: () => string;
  readonly isClosed: () => boolean;
}

function halfClosed(t: TestContext, port: number, bytes: string): HalfClosed {
  let received = '';
  let closed = false;
  const socket = connect({port, host: '127.0.0.1', allowHalfOpen: true}).setEncoding('latin1');
  socket.on('data', (text: string) => (received += text));
  socket.once('end', () => (closed = true)).on('error', () => (closed = true));
  socket.end(bytes);
  t.after(() => socket.destroy());
  return {socket, received: () => received, isClosed: () => closed};
}

const get = (path: string, version = '1.1'): string => `GET ${path} HTTP/${version}\r\nHost: service\r\n\r\n`;

test('in every class, a client that has closed its half gets its response, then the connection is closed', async (t) => {
  const check = async (kind: string): Promise<void> => {
    const server = await startServer(t, {module: service, flags: ['--workers=1', `--worker-class=${kind}`]});
    // One takes longer than the interval after which the server finds out whether the client is still there.
    const requests = [get('/fast'), get('/slow1200'), get('/fast', '1.0'), get('/paused')];
    const clients = requests.map((bytes) => halfClosed(t, server.port, bytes));
    const idle = halfClosed(t, server.port, '');
    await until(
      () => `all are closed with ${kind}`,
      () => [...clients, idle].every(({isClosed}) => isClosed()),
    );
    const bodies = clients.map(({received}) => /HTTP\/1.1 200 .*(\/fast|\/slow\d+|last)/s.exec(received())?.[1]);
    assert.deepEqual([kind, ...bodies, idle.received()], [kind, '/fast', '/slow1200', '/fast', 'last', '']);
    // It was asked once whether it is still there, not at each check.
    assert.equal(clients[1]?.received().match(/HTTP\/1\.1 100 Continue/g)?.length, 1, kind);
  };
  await Promise.all(['async', 'sync', 'threads'].map(check));
});

test('a service still learns within two seconds that a client has left, before and during its response', async (t) => {
  const kinds = ['async', 'sync', 'threads'];
  const started = await Promise.all(
    kinds.map((kind) => startServer(t, {module: service, flags: ['--workers=1', `--worker-class=${kind}`]})),
  );
  const servers = Object.fromEntries(started.map((server, index) => [kinds[index], server]));
  const leave = async (kind: string, path: string): Promise<void> => {
    const server = servers[kind] as TestServer;
    const socket = connect({port: server.port, host: '127.0.0.1'});
    const data = new Promise((resolve) => void socket.once('data', resolve));
    socket.write(get(path));
    await until('the request has arrived', () => server.output().includes(`started ${path}`));
    if (path === '/silent') await data;
    socket.destroy();
    await until(`${path} is closed`, () => server.output().includes(`closed ${path} false`), 2.5);
  };
  await Promise.all(kinds.map((kind) => leave(kind, '/never')));
  await leave('async', '/silent');
});

test('a service learns that a client is gone which had closed its half before, in the middle of a response', async (t) => {
  const server = await startServer(t, {module: service, flags: ['--workers=1']});
  const {socket, received} = halfClosed(t, server.port, get('/quiet'));
  await until('the response has begun', () => received().includes('quiet'));
  socket.resetAndDestroy();
  await until('the service knows', () => server.output().includes('closed /quiet false'), 2.5);
});
