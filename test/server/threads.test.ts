import assert from 'node:assert/strict';
import {createHash} from 'node:crypto';
import {Agent} from 'node:http';
import {test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {until} from '../support/until.ts';
import {type LogLine, rawConnection, startServer} from './support.ts';

// Burns CPU time: on a busy machine it takes as much longer as everything else.
const service = `import {createServer} from "node:http";
import {createHash} from "node:crypto";
import {threadId} from "node:worker_threads";
function compute() { for (;;); }
const server = createServer(async (request, response) => {
  const {pathname} = new URL(request.url, "http://x");
  if (pathname === "/burn") { const start = process.threadCpuUsage(); for (let used = {user: 0, system: 0}; used.user + used.system < 600_000; used = process.threadCpuUsage(start));  response.end("burnt in " + threadId); }
  else if (pathname === "/stuck") compute();
  else if (pathname === "/crash") setTimeout(() => { throw new Error("poison"); });
  else if (pathname === "/facts") response.setHeader("set-cookie", ["a=1", "b=2"]).writeHead(201, "Made", {"x-own": "yes"}).end(JSON.stringify({method: request.method, url: request.url, host: request.headers.host, address: request.socket.remoteAddress}));
  else if (pathname === "/length") { let length = 0; for await (const chunk of request) length += chunk.length; response.end(String(length)); }
  else if (pathname === "/echo") request.pipe(response);
  else if (pathname === "/chunked") { response.setHeader("transfer-encoding", "chunked"); response.write("one,"); setTimeout(() => response.end("two"), 50); }
  else if (pathname === "/empty") response.writeHead(204).end();
  else if (pathname === "/endless") { let sent = 0; const more = () => { while (response.write(Buffer.alloc(65536))) sent += 65536; console.log("sent " + sent); response.once("drain", more); }; more(); response.on("close", () => console.log("closed")); }
  else if (pathname === "/slow") setTimeout(() => response.end("slow"), 800);
  else response.end("quick in " + threadId);
});
server.on("upgrade", (request, socket, head) => {
  const accept = createHash("sha1").update(request.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest("base64");
  socket.write("HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Accept: " + accept + "\\r\\n\\r\\n");
  socket.on("data", (data) => socket.write(Buffer.concat([Buffer.from([0x81, 5 + data.length]), Buffer.from("echo " + data)])));
});
export default server;`;

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
const digest = (data: Buffer): string => createHash('sha1').update(data).digest('hex');

const flags = ['--workers=1', '--worker-class=threads', '--threads=2', '--graceful-timeout=3'];

test('threads: methods, headers, status, cookies and the client address pass through', async (t) => {
  const server = await startServer(t, {module: service, flags});
  const {status, headers, body} = await server.get('/facts?x=1', {method: 'PUT', body: 'x'});
  assert.deepEqual([status, headers['set-cookie'], headers['x-own']], [201, ['a=1', 'b=2'], 'yes']);
  assert.deepEqual(JSON.parse(body), {
    method: 'PUT',
    url: '/facts?x=1',
    host: `127.0.0.1:${server.port}`,
    address: '127.0.0.1',
  });
  const empty = await server.get('/empty');
  assert.deepEqual([empty.status, empty.body], [204, '']);
  const head = await server.get('/', {method: 'HEAD'});
  assert.deepEqual([head.status, head.body], [200, '']);
  assert.equal((await server.get('/chunked')).body, 'one,two');
});

test('threads: handlers that compute run in parallel, and a fast request does not wait for them', async (t) => {
  const server = await startServer(t, {module: service, flags});
  // The server learns that it is fast, even if the first one was slow on a busy machine.
  for (let count = 0; count < 10; count += 1) await server.get('/health');
  const ended: string[] = [];
  const burning = Array.from({length: 4}, async () => {
    const {body} = await server.get('/burn');
    ended.push('burnt');
    return body;
  });
  await sleep(100);
  await server.get('/health');
  ended.push('quick');
  assert.equal(new Set(await Promise.all(burning)).size, 2);
  // In the queue of the pool it would come after the third of the four. On a busy machine the first can end before it.
  assert.ok(ended.indexOf('quick') <= 1, ended.join(' '));
});

test('threads: connections are kept, and pipelined requests are answered in order', async (t) => {
  const server = await startServer(t, {module: service, flags});
  const agent = new Agent({keepAlive: true, maxSockets: 1});
  t.after(() => agent.destroy());
  for (let count = 0; count < 20; count += 1)
    assert.equal((await server.get('/length', {method: 'POST', body: 'x'.repeat(count), agent})).body, String(count));
  const client = await rawConnection(t, server.port);
  client.write(get('/burn') + get('/facts?second') + get('/empty'));
  assert.match(await client.until(/204 No Content/), /burnt.*facts\?second.*204/s);
});

test('threads: bodies stream completely in both directions, with a length or chunked', async (t) => {
  const server = await startServer(t, {module: service, flags});
  const bytes = Buffer.from(Array.from({length: 3_000_000}, (_, index) => index % 251));
  const url = `http://127.0.0.1:${server.port}/echo`;
  const withLength = await fetch(url, {method: 'POST', body: bytes});
  assert.equal(digest(Buffer.from(await withLength.arrayBuffer())), digest(bytes));
  const stream = new ReadableStream({
    start: (controller) => {
      for (let at = 0; at < bytes.length; at += 50_000) controller.enqueue(bytes.subarray(at, at + 50_000));
      controller.close();
    },
  });
  const chunked = await fetch(url, {method: 'POST', body: stream, duplex: 'half'} as RequestInit);
  assert.equal(digest(Buffer.from(await chunked.arrayBuffer())), digest(bytes));
});

test('threads: a client that does not read blocks the handler, and the service gets the end of the connection', async (t) => {
  const server = await startServer(t, {module: service, flags});
  const {connect} = await import('node:net');
  const socket = connect(server.port, '127.0.0.1', () => socket.write('GET /endless HTTP/1.1\r\nHost: x\r\n\r\n'));
  socket.on('error', () => {});
  socket.pause();
  t.after(() => socket.destroy());
  await until('the response has begun', () => server.output().includes('sent '));
  await sleep(500);
  const sent = Math.max(...[...server.output().matchAll(/sent (\d+)/g)].map(([, text]) => Number(text)));
  await sleep(500);
  const later = Math.max(...[...server.output().matchAll(/sent (\d+)/g)].map(([, text]) => Number(text)));
  assert.equal(later, sent);
  assert.ok(sent < 20e6, String(sent));
  socket.destroy();
  await until('the service gets the event close', () => server.output().includes('closed'));
  assert.match((await server.get('/')).body, /quick/);
});

test('threads: websockets reach a thread and get a close frame when the server stops', async (t) => {
  const server = await startServer(t, {module: service, flags});
  const client = await rawConnection(t, server.port);
  client.write(
    'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: eA==\r\n\r\n',
  );
  await client.until(/101 Switching Protocols[^]*\r\n\r\n/);
  client.write('hello');
  await client.until(/echo hello/);
  server.signal('SIGTERM');
  await until('the close frame arrives', () => client.received().includes('\x88\x02\x03\xe9'));
  assert.equal((await server.ended).code, 0);
});

test('threads: a request that crashes its thread again and again does not start worker after worker', async (t) => {
  const server = await startServer(t, {module: service, flags});
  const looping = (): LogLine | undefined => server.log().find(({event}) => event === 'crash_loop');
  for (const end = Date.now() + 30_000; looping() === undefined && Date.now() < end; await sleep(100))
    await server.get('/crash').catch(() => {});
  assert.match(String(looping()?.['message']), /^\d+ threads crashed soon after one another; the delay/);
  assert.match((await server.get('/')).body, /quick/);
});

test('threads: an uncaught error fails the requests of its thread, and the worker is replaced', async (t) => {
  const server = await startServer(t, {module: service, flags});
  const answer = await server.get('/crash');
  assert.equal(answer.status, 500);
  assert.match((await server.get('/')).body, /quick/);
  const crashed = await server.event('thread_crashed');
  assert.match(String(crashed['message']), /poison/);
  assert.equal((await server.event('worker_exited'))['reason'], 'thread');
  assert.match((await server.get('/')).body, /quick/);
});

test('threads: TERM answers requests in progress, and a service that does not boot ends the server with 3', async (t) => {
  const server = await startServer(t, {module: service, flags});
  const slow = server.get('/slow');
  await sleep(200);
  server.signal('SIGTERM');
  assert.equal((await slow).body, 'slow');
  assert.deepEqual(await server.ended, {code: 0, signal: null});
  const broken = await startServer(t, {module: 'throw new Error("no database");', flags, listening: false});
  assert.equal((await broken.ended).code, 3);
  assert.equal((await broken.event('worker_failed'))['message'], 'no database');
});

test('threads: a service that calls listen itself is served in the pool', async (t) => {
  const server = await startServer(t, {
    module:
      'import {createServer} from "node:http"; import {isMainThread} from "node:worker_threads"; const server = createServer((request, response) => response.end("main thread: " + isMainThread)); server.listen(process.env.PORT, () => console.log("up at " + server.address().port));',
    flags,
  });
  assert.equal((await server.get('/')).body, 'main thread: false');
  assert.match(server.output(), new RegExp(`up at ${server.port}`));
});

test('threads: a handler that never returns blocks only its thread, and its stack is logged', async (t) => {
  const server = await startServer(t, {module: service, flags: [...flags, '--timeout=2']});
  const stuck = server.get('/stuck');
  await sleep(100);
  assert.match((await server.get('/')).body, /quick/);
  assert.match(String((await server.event('worker_stuck'))['stack']), /at compute \(.*service\.mjs:/);
  assert.equal((await stuck).status, 500);
  assert.equal((await server.event('worker_exited'))['reason'], 'thread');
});
