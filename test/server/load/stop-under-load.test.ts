import assert from 'node:assert/strict';
import {test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {processTree} from '../../../bench/server/processes.ts';
import {until} from '../../support/until.ts';
import {head, rawClient, upgrade} from './raw-client.ts';
import {all, everyKind, lost, startLoad, startServer} from './under-load.ts';

const times = all ? 20 : 1;

test(`SIGTERM under load, ${times} times: every request is answered, and the server ends with 0 after the last one`, async () => {
  for (let time = 0; time < times; time += 1) {
    const server = await startServer('--workers', '2', '--graceful-timeout', '10');
    const load = startLoad(server, [...everyKind, {count: 2, path: '/slow?ms=1500', thinkMs: 10}]);
    await sleep(800);
    server.signal('SIGTERM');
    const {code, ms} = await server.ended();
    const {failures} = await load.stop();
    assert.deepEqual(lost(failures), []);
    assert.equal(code, 0, server.log());
    assert.ok(ms < 6000, `ended after ${ms} ms`);
  }
});

test('unfinished requests, a stream and a websocket do not keep the server beyond the graceful timeout and a second', async () => {
  const server = await startServer('--workers', '2', '--graceful-timeout', '3');
  const pids = processTree(server.pid).map(({pid}) => pid);
  const stuck = [
    await rawClient(server.port),
    await rawClient(server.port, 'GET / HT'),
    await rawClient(server.port, 'GET / HTTP/1.1\r\nHost: service\r\nX-Half: '),
    await rawClient(server.port, `${head('POST /echo HTTP/1.1', 'Host: service', 'Content-Length: 1000')}half`),
    await rawClient(
      server.port,
      `${head('POST /echo HTTP/1.1', 'Host: service', 'Transfer-Encoding: chunked')}5\r\nhal`,
    ),
    await rawClient(server.port, head('GET /slow?ms=60000 HTTP/1.1', 'Host: service')),
    await rawClient(server.port, head('GET /stream HTTP/1.1', 'Host: service')),
    await rawClient(server.port, upgrade),
  ];
  // A client that requests much and reads nothing.
  const deaf = await rawClient(server.port);
  deaf.socket.pause();
  for (let left = 40; left > 0; left -= 1) deaf.send(head('GET /big HTTP/1.1', 'Host: service'));
  assert.ok(await stuck.at(-1)?.sees(/101 Switching/));
  await sleep(300);
  server.signal('SIGTERM');
  const {code, ms} = await server.ended();
  assert.ok(ms < 4000, `ended after ${ms} ms; graceful timeout 3 s: ${server.log()}`);
  assert.equal(code, 0, server.log());
  deaf.socket.resume();
  for (const client of [...stuck, deaf]) assert.ok(await client.ends(), 'a client hangs');
  assert.deepEqual(
    pids.flatMap((pid) => processTree(pid)),
    [],
  );
});

test('an upload in progress at SIGTERM is read to its end and answered', async () => {
  const server = await startServer('--workers', '1', '--graceful-timeout', '10');
  const client = await rawClient(server.port, head('POST /echo HTTP/1.1', 'Host: service', 'Content-Length: 100'));
  client.send('u'.repeat(10));
  await sleep(100);
  server.signal('SIGTERM');
  for (let sent = 10; sent < 100; sent += 10) {
    await sleep(150);
    client.send('u'.repeat(10));
  }
  assert.ok(await client.sees(/^HTTP\/1\.1 200 .*\r\n\r\n.*100 [0-9a-f]{64}/s), client.received());
  assert.match(client.received(), /connection: close/i);
  assert.equal((await server.ended()).code, 0);
});

test('a websocket that does not answer the close frame stays open until the limit, and gets nothing behind that frame', async () => {
  const server = await startServer('--workers', '1', '--graceful-timeout', '3');
  const socket = await rawClient(server.port, upgrade);
  assert.ok(await socket.sees(/101 Switching/));
  server.signal('SIGTERM');
  const closed = '\r\n\r\n\x88\x02\x03\xe9';
  await until('the close frame arrives', () => socket.received().endsWith(closed));
  socket.send('still there?');
  const {ms} = await server.ended();
  assert.ok(ms > 2000 && ms < 3700, `${ms} ms`);
  assert.ok(socket.received().endsWith(closed), socket.received());
});

test('SIGINT and SIGQUIT end the server at once, whatever is in progress', async () => {
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    const server = await startServer('--workers', '2');
    await rawClient(server.port, head('GET /slow?ms=60000 HTTP/1.1', 'Host: service'));
    const socket = await rawClient(server.port, upgrade);
    await socket.sees(/101 Switching/);
    server.signal(signal);
    const {ms} = await server.ended();
    assert.ok(ms < 2500, `${signal}: ended after ${ms} ms`);
    assert.deepEqual(processTree(server.pid), []);
  }
});
