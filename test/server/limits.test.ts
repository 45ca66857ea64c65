import assert from 'node:assert/strict';
import {Agent} from 'node:http';
import {test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {until} from '../support/until.ts';
import {rawConnection, startServer} from './support.ts';

const echo = `export default async (request, response) => {
  let length = 0;
  try { for await (const chunk of request) length += chunk.length; } catch (error) { console.log("body ended: " + error.code); return; }
  response.end(String(length));
};`;

test('a declared length beyond max-body-size is answered with 413 before the service sees the request', async (t) => {
  const server = await startServer(t, {module: echo, flags: ['--workers=1', '--max-body-size=1k']});
  assert.equal((await server.get('/', {method: 'POST', body: 'x'.repeat(1024)})).body, '1024');
  const answer = await server.get('/', {method: 'POST', body: 'x'.repeat(1025)});
  assert.deepEqual([answer.status, answer.headers.connection], [413, 'close']);
});

test('a chunked body is answered with 413 once it exceeds max-body-size, and the service gets an error', async (t) => {
  const server = await startServer(t, {module: echo, flags: ['--workers=1', '--max-body-size=1k']});
  const chunk = `400\r\n${'x'.repeat(1024)}\r\n`;
  const fits = await rawConnection(t, server.port);
  fits.write(`POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}0\r\n\r\n`);
  await fits.until(/200 OK.*1024/s);
  const large = await rawConnection(t, server.port);
  large.write(`POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`);
  await sleep(100);
  assert.equal(large.received(), '');
  large.write(chunk);
  await large.until(/^HTTP\/1\.1 413 /);
  assert.equal(await large.closed, 'end');
  await until('the service has got the error', () => server.output().includes('body ended: ECONNRESET'));
  assert.equal((await server.get('/', {method: 'POST', body: 'again'})).body, '5');
});

test('a client that continues to send after 413 can still read the response', async (t) => {
  const server = await startServer(t, {module: echo, flags: ['--workers=1', '--max-body-size=1k']});
  const client = await rawConnection(t, server.port);
  client.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4000000\r\n\r\n');
  for (let part = 0; part < 40; part += 1) {
    client.write(Buffer.alloc(100_000));
    await sleep(5);
  }
  await client.until(/^HTTP\/1\.1 413 .*Content Too Large/s);
});

const head = (length: number): string =>
  `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\nExpect: 100-continue\r\n\r\n`;

test('Expect: 100-continue with a body that is too large gets 413 and no 100', async (t) => {
  const server = await startServer(t, {module: echo, flags: ['--workers=1', '--max-body-size=1k']});
  const large = await rawConnection(t, server.port);
  large.write(head(2000));
  await large.until(/^HTTP\/1\.1 413 /);
  const fits = await rawConnection(t, server.port);
  fits.write(head(3));
  await fits.until(/^HTTP\/1\.1 100 Continue/);
  fits.write('abc');
  await fits.until(/200 OK.*3$/s);
});

test('headers that are too large are answered with 431, bytes that are not HTTP with 400', async (t) => {
  const server = await startServer(t, {module: echo, flags: ['--workers=1', '--max-header-size=2k']});
  const large = await rawConnection(t, server.port);
  large.write(`GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(4096)}\r\n\r\n`);
  await large.until(/^HTTP\/1\.1 431 /);
  const wrong = await rawConnection(t, server.port);
  wrong.write('nonsense\r\n\r\n');
  await wrong.until(/^HTTP\/1\.1 400 /);
});

test('headers that never arrive, or arrive too slowly, are answered with 408', async (t) => {
  const server = await startServer(t, {module: echo, flags: ['--workers=1', '--headers-timeout=1']});
  const slow = await rawConnection(t, server.port);
  slow.write('GET / HTTP/1.1\r\n');
  const dripping = await rawConnection(t, server.port);
  dripping.write('GET / HTTP/1.1\r\n');
  const drip = setInterval(() => dripping.write('X: x\r\n'), 200);
  t.after(() => clearInterval(drip));
  await Promise.all([slow.until(/^HTTP\/1\.1 408 /, 6), dripping.until(/^HTTP\/1\.1 408 /, 6)]);
  const silent = await rawConnection(t, server.port);
  assert.notEqual(await Promise.race([silent.closed, sleep(6000, 'still open')]), 'still open');
});

test('a body that never arrives is answered with 408', async (t) => {
  const server = await startServer(t, {
    module: echo,
    flags: ['--workers=1', '--request-timeout=1', '--headers-timeout=1'],
  });
  const slow = await rawConnection(t, server.port);
  slow.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc');
  await slow.until(/^HTTP\/1\.1 408 /, 6);
});

test('an idle connection is closed after keep-alive', async (t) => {
  const server = await startServer(t, {module: echo, flags: ['--workers=1', '--keep-alive=1']});
  const idle = await rawConnection(t, server.port);
  idle.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await idle.until(/200 OK/);
  const started = Date.now();
  assert.equal(await idle.closed, 'end');
  assert.ok(Date.now() - started > 700 && Date.now() - started < 5000);
});

test('at max-connections a worker stops accepting; further clients wait and are served when one is free', async (t) => {
  const server = await startServer(t, {
    module: 'export default (request, response) => response.end("ok");',
    flags: ['--workers=1', '--max-connections=2'],
  });
  const held = [await rawConnection(t, server.port), await rawConnection(t, server.port)];
  await sleep(200);
  const agent = new Agent({keepAlive: true});
  t.after(() => agent.destroy());
  let answered = false;
  const waiting = server.get('/', {agent}).then((answer) => {
    answered = true;
    return answer;
  });
  await sleep(500);
  assert.equal(answered, false, 'a third connection was accepted');
  for (const connection of held) connection.destroy();
  assert.equal((await waiting).body, 'ok');
  // Again, with the reopened socket.
  for (let round = 0; round < 5; round += 1) {
    const answers = await Promise.all(Array.from({length: 6}, () => server.get('/')));
    assert.deepEqual(
      answers.map(({body}) => body),
      Array.from({length: 6}, () => 'ok'),
    );
  }
});
