import assert from 'node:assert/strict';
import {connect as connectHttp2} from 'node:http2';
import {suite, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {makeCertificate} from '../../support/certificate.ts';
import {directoryWith} from '../../support/directory.ts';
import {until} from '../../support/until.ts';
import {rawConnection, startServer} from '../support.ts';

const service = `
const big = Buffer.alloc(30_000_000, "x");
export default (request, response) => {
  const {url} = request;
  if (url.startsWith("/hang")) return void response.once("close", () => {
    console.log("closed " + url);
    // Too late, and harmless.
    response.setHeader("x-late", "yes");
    response.writeHead(200).end("late");
  });
  if (url === "/begun") return void response.write("begun");
  if (url === "/big") return response.end(big);
  if (url === "/body") return void request.on("data", () => {}).on("end", () => response.end("read"));
  if (url === "/events") {
    response.writeHead(200, {"content-type": "text/event-stream"});
    return void response.write("data: one\\n\\n");
  }
  setTimeout(() => response.end(String(process.pid)), url === "/slow" ? 650 : 0);
};`;

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;

const limits: readonly (readonly string[])[] = [
  ['--worker-class=async', '--handler-timeout=1'],
  // gunicorn's meaning.
  ['--worker-class=sync', '--timeout=1'],
  ['--worker-class=threads', '--threads=1', '--handler-timeout=1'],
];

// They wait more than they compute.
suite('a request that takes longer than the handler timeout', {concurrency: 3}, () => {
  for (const flags of limits) {
    const [name = ''] = flags;
    test(`a handler that never answers costs its client a 503 and is logged, and its worker is replaced without a loss (${name})`, async (t) => {
      const server = await startServer(t, {module: service, flags: ['--workers=1', ...flags]});
      const [old] = server.workers();
      const hanging = await rawConnection(t, server.port);
      hanging.write(get('/hang?secret=1'));
      await sleep(500);
      const slow = server.get('/slow');
      assert.match(await hanging.until(/Service Unavailable/), /^HTTP\/1\.1 503 .*connection: close/is);
      assert.equal((await slow).body, String(old));
      const {message, ...event} = await server.event('handler_timeout');
      assert.equal(event['pid'], old);
      assert.deepEqual(
        [event.level, event['method'], event['path'], event['seconds'], event['waits_for']],
        ['error', 'GET', '/hang', 1, 'the handler'],
      );
      assert.match(String(message), /did not start its response within 1 s; it was waiting/);
      assert.equal((await server.event('worker_exited'))['reason'], 'handler-timeout');
      assert.notEqual((await server.get('/')).body, String(old));
      await until('the service knows', () => server.output().includes('closed /hang'));
      assert.doesNotMatch(server.output(), /uncaught|ERR_/);
    });

    test(`a client that does not read a response, or does not send its body, is disconnected, and the worker stays (${name})`, async (t) => {
      const server = await startServer(t, {module: service, flags: ['--workers=1', ...flags, '--handler-timeout=1']});
      const [worker] = server.workers();
      const idle = await rawConnection(t, server.port, {reads: false});
      idle.write(get('/big'));
      await server.event('handler_timeout');
      const sending = await rawConnection(t, server.port);
      sending.write('POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc');
      assert.match(await sending.until(/Service Unavailable/), /^HTTP\/1\.1 503/);
      const events = server.log().filter(({event}) => event === 'handler_timeout');
      assert.match(String(events[0]?.['waits_for']), /^the client to read \d+ bytes$/);
      assert.equal(events[1]?.['waits_for'], 'the rest of the request body');
      assert.equal((await server.get('/')).body, String(worker));
      assert.equal(server.log().filter(({event}) => event === 'worker_ready').length, 1);
    });
  }

  test('a long event stream holds no worker but a sync one: /readyz stays 200', async (t) => {
    const check = async (workerClass: string, expected: number): Promise<void> => {
      const server = await startServer(t, {
        module: service,
        flags: ['--workers=1', `--worker-class=${workerClass}`, '--handler-timeout=60', '--admin-bind=127.0.0.1:0'],
      });
      const admin = String((await server.event('admin_listening'))['bind']);
      const events = await rawConnection(t, server.port);
      events.write(get('/events'));
      await events.until(/data: one/);
      // A heartbeat later than five seconds.
      await sleep(7500);
      assert.deepEqual([workerClass, (await fetch(`http://${admin}/readyz`)).status], [workerClass, expected]);
    };
    await Promise.all([check('async', 200), check('threads', 200), check('sync', 503)]);
  });

  test('with threads, the stack of a handler that computes is logged; its client and those of other threads do not wait', async (t) => {
    const server = await startServer(t, {
      module: `
function compute() { for (const end = Date.now() + 3000; Date.now() < end;); }
export default (request, response) => { if (request.url === "/compute") compute(); response.end("ok"); };`,
      flags: ['--workers=1', '--worker-class=threads', '--threads=2', '--handler-timeout=0.5'],
    });
    assert.equal((await server.get('/compute')).status, 503);
    assert.equal((await server.get('/')).body, 'ok');
    const event = await server.event('handler_timeout');
    assert.match(String(event['message']), /did not start its response within 0\.5 s; its thread was computing/);
    assert.match(String(event['stack']), /^at compute \(.*service\.mjs:2:\d+\)\nat .*service\.mjs:3:/);
    assert.equal(event['active_resources'], undefined);
  });

  test("a stream of HTTP/2 has the same limit, and its connection stays; the service's late response is discarded", async (t) => {
    const {key, certificate} = makeCertificate(directoryWith({}), 1);
    const server = await startServer(t, {
      module: `import {createSecureServer} from "node:http2"; import {readFileSync} from "node:fs";
${service.replace('export default', 'const handle =')}
export default createSecureServer({key: readFileSync("key.pem"), cert: readFileSync("crt.pem")}, handle);`,
      files: {'key.pem': key, 'crt.pem': certificate},
      flags: ['--workers=1', '--handler-timeout=0.5'],
    });
    const session = connectHttp2(`https://127.0.0.1:${server.port}`, {rejectUnauthorized: false});
    t.after(() => session.destroy());
    const ask = (path: string, end = true): Promise<readonly unknown[]> =>
      new Promise((resolve) => {
        const stream = session.request({':path': path, ':method': end ? 'GET' : 'POST'}, {endStream: end});
        let [status, body]: [unknown, string] = [undefined, ''];
        stream.on('response', (headers) => (status = headers[':status']));
        stream.setEncoding('utf8').on('data', (text: string) => (body += text));
        stream.on('error', () => {});
        stream.on('close', () => resolve([status, body, stream.rstCode]));
        if (!end) stream.write('abc');
      });
    const events = session.request({':path': '/events'});
    events.resume();
    const all = await Promise.all([ask('/hang?secret'), ask('/begun'), ask('/body', false)]);
    assert.deepEqual(all, [
      [503, 'Service Unavailable\n', 0],
      [200, 'begun', 2],
      [503, 'Service Unavailable\n', 0],
    ]);
    assert.deepEqual([events.closed, session.closed], [false, false]);
    await until('the service knows', () => server.output().includes('closed /hang'));
    const logged = server.log().filter(({event}) => event === 'handler_timeout');
    assert.deepEqual(
      logged.map(({method, path, waits_for: waits}) => `${String(method)} ${String(path)} ${String(waits)}`).toSorted(),
      ['GET /begun the handler', 'GET /hang the handler', 'POST /body the rest of the request body'],
    );
    assert.doesNotMatch(server.output(), /uncaught|ERR_/);
  });

  test('a response that has begun is cut at the limit, so that the client can tell; event streams go on, except with sync', async (t) => {
    const server = await startServer(t, {module: service, flags: ['--workers=1', '--handler-timeout=0.5']});
    const events = await rawConnection(t, server.port);
    events.write(get('/events'));
    await assert.rejects(server.get('/begun'), {code: 'ECONNRESET'});
    await sleep(300);
    events.write(get('/'));
    assert.doesNotMatch(events.received(), /\r\n0\r\n/);
    const sync = await startServer(t, {
      module: service,
      flags: ['--workers=1', '--worker-class=sync', '--handler-timeout=0.5'],
    });
    const held = await rawConnection(t, sync.port);
    held.write(get('/events'));
    assert.match((await sync.get('/')).body, /^\d+$/);
    assert.equal(await held.closed, 'end');
    assert.match(held.received(), /\r\n0\r\n\r\n$/);
  });
});
