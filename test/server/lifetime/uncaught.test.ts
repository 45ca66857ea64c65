import assert from 'node:assert/strict';
import {writeFileSync} from 'node:fs';
import {connect as connectHttp2} from 'node:http2';
import {join} from 'node:path';
import {test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {makeCertificate} from '../../support/certificate.ts';
import {directoryWith} from '../../support/directory.ts';
import {until} from '../../support/until.ts';
import {rawConnection, startServer} from '../support.ts';

const service = `
import {existsSync} from "node:fs";
const fail = () => { throw new Error("broken later", {cause: new TypeError("the cause")}); };
const paths = {
  "/later": () => setTimeout(fail, 10),
  "/at-once": fail,
  "/rejects": () => void Promise.reject(new Error("rejected")),
  "/again": () => setInterval(fail, 1),
  "/answers-first": (response) => { response.end("answered"); setTimeout(fail, 100); },
  "/begins": (response) => { response.write("begun"); setTimeout(fail, 150); },
  "/exits": () => process.exit(0),
};
export default (request, response) => {
  const path = paths[request.url];
  if (path !== undefined) return void path(response);
  if (request.url !== "/slow") return void setTimeout(() => response.end(String(process.pid)), request.url === "/soon" ? 800 : 0);
  const timer = setInterval(() => { if (existsSync("go")) { clearInterval(timer); response.end(String(process.pid)); } }, 20);
};`;

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;

for (const path of ['/later', '/rejects', '/again']) {
  test(`after an uncaught error the worker answers its other requests, while a replacement serves new ones (${path})`, async (t) => {
    const server = await startServer(t, {module: service, flags: ['--workers=1', '--graceful-timeout=8']});
    const [old] = server.workers();
    const slow = await rawConnection(t, server.port);
    slow.write(get('/slow'));
    const failing = await rawConnection(t, server.port);
    failing.write(get(path));
    // It waits for nothing: nothing else would answer it.
    assert.match(await failing.until(/Error\n$/, 1), /^HTTP\/1\.1 500 .*connection: close/is);
    await server.event('worker_ready', {count: 2});
    assert.notEqual((await server.get('/')).body, String(old));
    // Still in progress.
    assert.doesNotMatch(slow.received(), /HTTP/);
    writeFileSync(join(server.directory, 'go'), '');
    assert.match(await slow.until(/\r\n\r\n\d+$/), new RegExp(`connection: close.*${old}`, 'is'));
    const exited = await server.event('worker_exited');
    assert.deepEqual(
      [exited['worker'], exited['reason'], exited['code'], exited['wait_seconds']],
      [old, 'crash', 1, 0],
    );
    const errors = server.log().filter(({event}) => event === 'uncaught_exception');
    assert.equal(errors.length, path === '/again' ? 10 : 1);
    const [first] = errors;
    assert.deepEqual(
      [first?.['pid'], first?.['origin']],
      [old, path === '/rejects' ? 'unhandledRejection' : 'uncaughtException'],
    );
    assert.match(
      String(first?.['stack']),
      path === '/rejects'
        ? /rejected\n.*service\.mjs/s
        : /broken later\n.*service\.mjs.*caused by TypeError: the cause/s,
    );
  });
}

test('an error of an answered request leaves the next one of its connection a second; a response that has begun is cut', async (t) => {
  const server = await startServer(t, {module: service, flags: ['--workers=1', '--graceful-timeout=8']});
  const [kept, begun] = [await rawConnection(t, server.port), await rawConnection(t, server.port)];
  kept.write(get('/'));
  await kept.until(/\d$/);
  // The error is that of a request which is answered already: the one after it keeps its time.
  kept.write(get('/answers-first'));
  await kept.until(/answered$/);
  kept.write(get('/soon'));
  begun.write(get('/begins'));
  await server.event('uncaught_exception', {count: 2});
  assert.match(await kept.until(/answered.*\r\n\r\n\d+$/s), /connection: close/i);
  assert.equal(await begun.closed, 'end');
  assert.doesNotMatch(begun.received(), /\r\n0\r\n/);
  const exited = await server.event('worker_exited', {seconds: 4});
  assert.equal(exited['reason'], 'crash');
});

test('a request that has failed on a kept connection does not wait for the end of the drain', async (t) => {
  const server = await startServer(t, {module: service, flags: ['--workers=1', '--graceful-timeout=8']});
  const kept = await rawConnection(t, server.port);
  kept.write(get('/'));
  await kept.until(/\d$/);
  kept.write(get('/later'));
  assert.match(await kept.until(/Error\n$/, 3), /HTTP\/1\.1 500 /);
});

for (const workerClass of ['async', 'sync']) {
  test(`a stream of HTTP/2 whose code fails gets a 500, and the others of its connection their responses (${workerClass})`, async (t) => {
    const {key, certificate} = makeCertificate(directoryWith({}), 1);
    const server = await startServer(t, {
      module: `import {createSecureServer} from "node:http2"; import {readFileSync} from "node:fs";
${service.replace('export default', 'const handle =')}
export default createSecureServer({key: readFileSync("key.pem"), cert: readFileSync("crt.pem")}, handle);`,
      files: {'key.pem': key, 'crt.pem': certificate},
      flags: ['--workers=1', `--worker-class=${workerClass}`, '--graceful-timeout=8'],
    });
    const session = connectHttp2(`https://127.0.0.1:${server.port}`, {rejectUnauthorized: false});
    t.after(() => session.destroy());
    const ask = (path: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const stream = session.request({':path': path});
        let text = '';
        stream.on('response', (headers) => (text = `${headers[':status']} `));
        stream.setEncoding('utf8').on('data', (part: string) => (text += part));
        stream.once('end', () => resolve(text)).once('error', reject);
      });
    const [slow, failed] = await Promise.all([ask('/soon'), ask('/later')]);
    assert.equal(failed, '500 Internal Server Error\n');
    assert.match(slow, /^200 \d+$/);
    assert.equal((await server.event('worker_exited', {seconds: 4}))['reason'], 'crash');
  });

  test(`an error that a handler throws at once costs its request, not the worker (${workerClass})`, async (t) => {
    const server = await startServer(t, {module: service, flags: ['--workers=1', `--worker-class=${workerClass}`]});
    assert.equal((await server.get('/at-once', {seconds: 3})).status, 500);
    assert.equal((await server.event('request_failed'))['path'], '/at-once');
    assert.match((await server.get('/')).body, /^\d+$/);
    assert.deepEqual(
      server.log().filter(({event}) => event === 'worker_exited'),
      [],
    );
  });
}

test("a service's own handlers of errors, and Node's flags for rejections, keep their meaning", async (t) => {
  const own = await startServer(t, {
    module: `process.on("uncaughtException", (error) => console.log("own handler: " + error.message)); ${service}`,
    flags: ['--workers=1'],
  });
  const warns = await startServer(t, {
    module: service,
    flags: ['--workers=1'],
    env: {NODE_OPTIONS: '--unhandled-rejections=warn'},
  });
  const client = await rawConnection(t, own.port);
  client.write(get('/later'));
  await until('the handler of the service ran', () => own.output().includes('own handler: broken later'));
  const other = await rawConnection(t, warns.port);
  other.write(get('/rejects'));
  await until('Node warns', () => warns.output().includes('UnhandledPromiseRejectionWarning'));
  await sleep(100);
  for (const server of [own, warns]) {
    assert.equal((await server.get('/')).body, String(server.workers()[0]));
    assert.deepEqual(
      server.log().filter(({event}) => event === 'uncaught_exception'),
      [],
    );
  }
});

test('a worker whose service calls process.exit is replaced; the log says who called it, and new connections wait', async (t) => {
  const server = await startServer(t, {module: service, flags: ['--workers=1']});
  const lost = await rawConnection(t, server.port);
  lost.write(get('/exits'));
  const exited = await server.event('worker_exited');
  const waiting = await Promise.all([1, 2, 3].map(() => server.get('/')));
  assert.ok(waiting.every(({status}) => status === 200));
  assert.deepEqual([exited['reason'], exited['code'], exited['wait_seconds']], ['exit', 0, 0]);
  const said = await server.event('service_exited');
  assert.deepEqual([said['pid'], said['code']], [exited['worker'], 0]);
  assert.match(String(said['stack']), /at .*service\.mjs:\d+/);
});

test('an error that nothing catches while the service loads is a failed boot, logged once', async (t) => {
  const server = await startServer(t, {
    module:
      'setTimeout(() => { throw new Error("no database"); }, 20); await new Promise((resolve) => setTimeout(resolve, 5000));',
    listening: false,
    flags: ['--workers=1'],
  });
  assert.deepEqual(await server.ended, {code: 3, signal: null});
  assert.equal(server.output().split('no database').length - 1, 2, server.output());
  assert.equal(server.log()[0]?.event, 'worker_failed');
});
