import assert from 'node:assert/strict';
import {test} from 'node:test';
import {until} from '../support/until.ts';
import {rawConnection, startServer} from './support.ts';

// How threads fail and end: with as little harm as possible, and as the processes of the other classes do.

const one = ['--workers=1', '--worker-class=threads', '--threads=1', '--graceful-timeout=5'];
const slow = 'if (request.url === "/slow") return void setTimeout(() => response.end("slow"), 500);';

test('threads: an uncaught error costs its own request, is logged once, and the other requests of its thread are answered', async (t) => {
  const server = await startServer(t, {
    module: `export default (request, response) => { ${slow}
      if (request.url === "/timer") return void setTimeout(() => { throw new Error("poison"); });
      if (request.url === "/promise") return void Promise.resolve().then(() => { throw "no error"; });
      if (request.url === "/part") { response.write("part"); return void setTimeout(() => { throw new Error("in the middle"); }, 50); }
      response.end("quick"); }`,
    flags: one,
  });
  const others = Array.from({length: 5}, () => server.get('/slow'));
  await server.get('/');
  const [bad, , part] = await Promise.allSettled([server.get('/timer'), server.get('/promise'), server.get('/part')]);
  assert.equal(bad.status === 'fulfilled' ? bad.value.status : 0, 500);
  // Never an orderly end of a response that is incomplete.
  assert.equal(part.status, 'rejected');
  assert.deepEqual(
    (await Promise.all(others)).map(({body}) => body),
    ['slow', 'slow', 'slow', 'slow', 'slow'],
  );
  const crashes = server
    .log()
    .filter(({event, message}) => event === 'thread_crashed' && /poison/.test(String(message)));
  assert.equal(crashes.length, 1);
  assert.match(String(crashes[0]?.['stack']), /service\.mjs:2:/);
  assert.equal((await server.event('worker_exited'))['reason'], 'thread');
  assert.equal((await server.get('/')).body, 'quick');
  assert.equal(server.log().filter(({event}) => event === 'thread_crashed').length <= 3, true);
});

test('threads: a service that handles uncaught errors itself keeps its threads', async (t) => {
  const server = await startServer(t, {
    module: `process.on("uncaughtException", (error) => console.log("handled " + error.message));
      export default (request, response) => { if (request.url === "/bad") setTimeout(() => { throw new Error("poison"); }); response.end("quick"); };`,
    flags: one,
  });
  await server.get('/bad');
  await until('the service handles it', () => server.output().includes('handled poison'));
  assert.equal((await server.get('/')).body, 'quick');
  assert.deepEqual(
    server.log().filter(({level}) => level !== 'info'),
    [],
  );
});

test('threads: process.exit ends the thread that calls it, after its exit handlers, and nothing else', async (t) => {
  const server = await startServer(t, {
    module: `import {threadId} from "node:worker_threads";
      process.on("exit", (code) => console.log("exit " + code));
      export default (request, response) => {
        const [, path, id] = request.url.split("/");
        if (path === "exit" && id !== String(threadId)) process.exit(7);
        if (path !== "slow") return void response.end("quick");
        console.log("slow in " + threadId);
        setTimeout(() => response.end("slow"), 1000);
      };`,
    flags: ['--workers=1', '--worker-class=threads', '--threads=2', '--graceful-timeout=5'],
  });
  const other = server.get('/slow');
  await until('it has begun', () => server.output().includes('slow in'));
  const id = /slow in (\d+)/.exec(server.output())?.[1];
  await until('another thread is asked', async () => (await server.get(`/exit/${id}`)).status === 500, 10, 0);
  assert.match(String((await server.event('thread_crashed'))['message']), /exit code 7/);
  assert.equal((await other).body, 'slow');
  assert.match(server.output(), /^exit 7$/m);
});

test('threads: when the server stops, each thread runs the handlers of the service, and none of its output is lost', async (t) => {
  const server = await startServer(t, {
    module: `import {threadId} from "node:worker_threads";
      process.on("SIGTERM", (signal) => { console.log(signal + " in " + threadId); setTimeout(() => console.log("closed in " + threadId), 100); });
      process.on("exit", () => { for (let line = 0; line < 2000; line += 1) console.log("line " + line + " of " + threadId); });
      export default {fetch: () => new Response("ok"), close: async () => console.log("close in " + threadId)};`,
    flags: one,
  });
  assert.equal((await server.get('/')).body, 'ok');
  server.signal('SIGTERM');
  assert.equal((await server.ended).code, 0);
  const ids = [...server.output().matchAll(/^close in (\d+)$/gm)].map(([, id]) => id);
  assert.equal(ids.length, 2);
  for (const id of ids) {
    const own = server
      .output()
      .split('\n')
      .filter((line) => line.endsWith(` ${id}`) && !line.startsWith('{'));
    assert.deepEqual(own.slice(0, 3), [`close in ${id}`, `SIGTERM in ${id}`, `closed in ${id}`]);
    assert.equal(own.length, 2003);
  }
});

test('threads: an upgrade reaches the listener of the service as it came, also one that is added later', async (t) => {
  const server = await startServer(t, {
    module: `import {createServer} from "node:http";
      const server = createServer((request, response) => {
        if (request.url === "/listen" && server.listenerCount("upgrade") === 0) server.on("upgrade", (request, socket, head) => {
          socket.setTimeout(60000); socket.setNoDelay(true); socket.setKeepAlive(true);
          const facts = [request.url, request.rawHeaders.slice(0, 6), head.toString(), socket.remoteAddress, typeof socket.address().port];
          socket.write("HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: echo\\r\\nConnection: Upgrade\\r\\n\\r\\n" + JSON.stringify(facts));
          socket.on("data", (data) => socket.write("echo " + data)).on("end", () => socket.end("bye"));
        });
        response.end("plain");
      });
      export default server;`,
    flags: one,
  });
  const upgrade = 'GET /ws HTTP/1.1\r\nhOST: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n';
  const plain = await rawConnection(t, server.port);
  plain.write(upgrade);
  await plain.until(/plain/);
  // Each copy of the service has a listener of its own; the first one counts.
  for (let count = 0; count < 8; count += 1) await server.get('/listen');
  const client = await rawConnection(t, server.port);
  client.write(`${upgrade}early`);
  const text = await client.until(/101 Switching[^]*\]/);
  assert.match(
    text,
    /\["\/ws",\["hOST","a","Connection","upgrade","Upgrade","echo"\],"early","127\.0\.0\.1","number"\]/,
  );
  client.write('hello');
  await client.until(/echo hello/);
});

test('threads: the service gets one socket for a connection, runs in a worker thread, and hears of no parser errors', async (t) => {
  const server = await startServer(t, {
    module: `import {createServer} from "node:http";
      import {isMainThread} from "node:worker_threads";
      const counts = new WeakMap();
      const server = createServer((request, response) => {
        const count = (counts.get(request.socket) ?? 0) + 1;
        counts.set(request.socket, count);
        let changes = true;
        try { process.chdir("/"); } catch { changes = false; }
        response.end(JSON.stringify([count, isMainThread, changes]));
      });
      server.on("connection", () => console.log("connected"));
      server.on("clientError", (error, socket) => { console.log("heard"); socket.destroy(); });
      export default server;`,
    flags: one,
  });
  const client = await rawConnection(t, server.port);
  for (let count = 1; count <= 6; count += 1) {
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.until(new RegExp(`(?:\\[\\d,false,false\\][^]*){${count}}`));
  }
  // There are two threads, and each has its own socket for the connection.
  const counts = [...client.received().matchAll(/\[(\d)/g)].map(([, count]) => Number(count));
  assert.ok(Math.max(...counts) >= 3, String(counts));
  assert.ok(server.output().split('connected').length - 1 <= 2);
  client.write('nonsense\r\n\r\n');
  await client.until(/400 Bad Request/);
  assert.doesNotMatch(server.output(), /heard/);
});

test('threads: a service that serves TLS itself is refused with a reason', async (t) => {
  const server = await startServer(t, {
    module: 'import {createServer} from "node:https"; export default createServer({}, () => {});',
    flags: one,
    listening: false,
  });
  assert.notEqual((await server.ended).code, 0);
  assert.match(String((await server.event('worker_failed'))['message']), /serves TLS itself/);
});
