import assert from 'node:assert/strict';
import {createHash} from 'node:crypto';
import {join} from 'node:path';
import {test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {longIf} from '../support/long.ts';
import {until} from '../support/until.ts';
import {rawConnection, startServer} from './support.ts';

const service = `import {createServer} from "node:http";
import {createHash} from "node:crypto";
const server = createServer((request, response) => {
  if (request.url === "/events") {
    response.writeHead(200, {"content-type": "text/event-stream"});
    response.write("data: one\\n\\n");
    const timer = setInterval(() => response.write("data: more\\n\\n"), 100);
    response.on("close", () => { clearInterval(timer); console.log("events closed"); });
  } else if (request.url === "/never") response.write("begun");
  else setTimeout(() => response.end("answer to " + request.url), request.url.startsWith("/slow") ? 800 : 0);
});
server.on("upgrade", (request, socket) => {
  const accept = createHash("sha1").update(request.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest("base64");
  socket.write("HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: " + request.headers.upgrade + "\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Accept: " + accept + "\\r\\n\\r\\n");
  socket.on("data", (data) => socket.write(data));
  socket.on("error", () => {});
});
export default server;`;

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;

test('during the drain every response says close, and a kept connection can be used once more', async (t) => {
  const server = await startServer(t, {module: service, flags: ['--workers=1', '--graceful-timeout=5']});
  const kept = await rawConnection(t, server.port);
  kept.write(get('/first'));
  assert.doesNotMatch(await kept.until(/answer to \/first/), /connection: close/i);
  const busy = await rawConnection(t, server.port);
  busy.write(get('/slow'));
  await sleep(200);
  server.signal('SIGTERM');
  await sleep(200);
  kept.write(get('/second'));
  assert.match(await kept.until(/answer to \/second/), /connection: close/i);
  assert.match(await busy.until(/answer to \/slow/), /connection: close/i);
  assert.deepEqual([await kept.closed, await busy.closed], ['end', 'end']);
  assert.deepEqual(await server.ended, {code: 0, signal: null});
});

test('a connection without a request yet can still send one during the drain', async (t) => {
  const server = await startServer(t, {module: service, flags: ['--workers=1', '--graceful-timeout=5']});
  const fresh = await rawConnection(t, server.port);
  await sleep(100);
  server.signal('SIGTERM');
  await sleep(300);
  fresh.write(get('/late'));
  assert.match(await fresh.until(/answer to \/late/), /connection: close/i);
  assert.equal((await server.ended).code, 0);
});

test('idle connections are closed a second after TERM, those that never sent a byte too', async (t) => {
  const server = await startServer(t, {module: service, flags: ['--workers=1', '--graceful-timeout=10']});
  const silent = await rawConnection(t, server.port);
  const idle = await rawConnection(t, server.port);
  idle.write(get('/'));
  await idle.until(/answer/);
  const started = Date.now();
  server.signal('SIGTERM');
  assert.deepEqual([await silent.closed, await idle.closed], ['end', 'end']);
  assert.equal((await server.ended).code, 0);
  assert.ok(Date.now() - started > 900 && Date.now() - started < 5000, `${Date.now() - started} ms`);
});

test('half a request and an endless response are closed at the graceful timeout, and the server ends within a second', async (t) => {
  const server = await startServer(t, {module: service, flags: ['--workers=1', '--graceful-timeout=2']});
  const half = await rawConnection(t, server.port);
  half.write('GET / HTTP/1.1\r\nHost:');
  const never = await rawConnection(t, server.port);
  never.write(get('/never'));
  await never.until(/begun/);
  const started = Date.now();
  server.signal('SIGTERM');
  assert.deepEqual(await server.ended, {code: 0, signal: null});
  const taken = Date.now() - started;
  assert.ok(taken > 1800 && taken < 3000, `${taken} ms`);
  assert.equal(server.log().find(({event}) => event === 'connections_cut')?.['connections'], 2);
});

test('a websocket gets the close frame 1001, and other upgraded connections last to the limit', async (t) => {
  const server = await startServer(t, {module: service, flags: ['--workers=1', '--graceful-timeout=2']});
  const key = createHash('sha1').update('x').digest('base64');
  const upgrade = (kind: string): string =>
    `GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: ${kind}\r\nSec-WebSocket-Key: ${key}\r\n\r\n`;
  const socket = await rawConnection(t, server.port);
  socket.write(upgrade('websocket'));
  await socket.until(/101 Switching/);
  const other = await rawConnection(t, server.port);
  other.write(upgrade('chat'));
  await other.until(/101 Switching/);
  server.signal('SIGTERM');
  await until('the close frame arrives', () => socket.received().endsWith('\x88\x02\x03\xe9'));
  other.write('still there?');
  await other.until(/still there\?$/);
  assert.equal((await server.ended).code, 0);
});

test('a stream of server-sent events ends with a complete last chunk, and the service gets the event close', async (t) => {
  const server = await startServer(t, {
    module: service,
    flags: ['--workers=1', '--graceful-timeout=10', '--access-log'],
  });
  const events = await rawConnection(t, server.port);
  events.write(get('/events'));
  await events.until(/data: one/);
  const started = Date.now();
  server.signal('SIGTERM');
  assert.equal(await events.closed, 'end');
  assert.match(events.received(), /\r\n0\r\n\r\n$/);
  assert.equal((await server.ended).code, 0);
  assert.ok(Date.now() - started < 5000, `${Date.now() - started} ms`);
  assert.match(server.output(), /events closed/);
  // It was ended, not cut off.
  assert.equal(server.log().find(({path}) => path === '/events')?.['status'], 200);
});

test('pipelined requests are all answered, in order, when TERM arrives meanwhile', async (t) => {
  const server = await startServer(t, {module: service, flags: ['--workers=1', '--graceful-timeout=5']});
  const client = await rawConnection(t, server.port);
  client.write(get('/slow1') + get('/slow2') + get('/slow3'));
  await sleep(200);
  server.signal('SIGTERM');
  assert.match(await client.until(/slow3/), /slow1.*slow2.*slow3/s);
  assert.equal((await server.ended).code, 0);
});

test('during drain-delay readiness answers 503 while everything else is served and connections are accepted', async (t) => {
  const server = await startServer(t, {
    module: service,
    flags: ['--workers=1', '--graceful-timeout=5', '--drain-delay=1', '--ready-path=/health'],
  });
  assert.equal((await server.get('/health')).status, 200);
  server.signal('SIGTERM');
  await sleep(300);
  assert.deepEqual([(await server.get('/health')).status, (await server.get('/other')).status], [503, 200]);
  const kept = await rawConnection(t, server.port);
  kept.write(get('/first'));
  assert.doesNotMatch(await kept.until(/answer to \/first/), /connection: close/i);
  assert.equal((await server.ended).code, 0);
});

const computes =
  'export default (request, response) => { const end = Date.now() + 3; while (Date.now() < end); response.end("ok"); };';

// In several variants: whether clients connect just when the socket closes is a matter of chance.
for (const flag of [
  '--worker-class=async',
  '--dispatch=shared',
  '--worker-class=sync',
  '--worker-class=threads',
  '--bind=unix:server.sock',
]) {
  test(
    `TERM under a load of new connections resets none: each is answered or refused (${flag})`,
    longIf(flag === '--dispatch=shared'),
    async (t) => {
      const server = await startServer(t, {module: computes, flags: ['--workers=2', '--graceful-timeout=5', flag]});
      const path = flag.includes('unix:') ? join(server.directory, 'server.sock') : undefined;
      const refused: readonly string[] = path === undefined ? ['ECONNREFUSED'] : ['ECONNREFUSED', 'ENOENT'];
      const failures = new Map<string, number>();
      let answered = 0;
      const clients = Array.from({length: 16}, async () => {
        // Each continues until it is refused.
        for (let code = ''; !refused.includes(code);) {
          try {
            await server.get('/', path === undefined ? {} : {socketPath: path});
            answered += 1;
          } catch (error) {
            code = (error as NodeJS.ErrnoException).code ?? String(error);
            failures.set(code, (failures.get(code) ?? 0) + 1);
          }
        }
      });
      await until('there is a load', () => answered > 50);
      server.signal('SIGTERM');
      await server.ended;
      await Promise.all(clients);
      for (const code of refused) failures.delete(code);
      assert.deepEqual([...failures], []);
    },
  );
}
