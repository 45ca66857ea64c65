import assert from 'node:assert/strict';
import {test, type TestContext} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {until} from '../support/until.ts';
import {
  get,
  killHard,
  type LogLine,
  rawConnection,
  startServer,
  type TestResponse,
  type TestServer,
} from './support.ts';

const service = `
const spin = (ms) => { for (const end = performance.now() + ms; performance.now() < end; ); };
export default (request, response) => {
  if (request.url === '/busy') spin(20);
  if (request.url === '/stuck') spin(1500);
  if (request.url === '/slow') return setTimeout(() => response.end('slow'), 1000);
  if (request.url.startsWith('/ids')) return response.end(JSON.stringify([request.headers['x-request-id'], request.headers.traceparent]));
  response.statusCode = Number(/\\d{3}/.exec(request.url)?.[0] ?? 200);
  response.end('hello');
};`;

interface AdminServer extends TestServer {
  readonly admin: (path: string) => Promise<TestResponse>;
  /** A sample of /metrics by its full name. */
  readonly sample: (name: string) => Promise<number>;
}

async function adminServer(t: TestContext, flags: readonly string[] = []): Promise<AdminServer> {
  const server = await startServer(t, {module: service, flags: ['--workers=2', '--admin-bind=127.0.0.1:0', ...flags]});
  const {bind} = await server.event('admin_listening');
  const admin = (path: string): Promise<TestResponse> => get(Number(/\d+$/.exec(String(bind))?.[0]), path);
  const sample = async (name: string): Promise<number> => {
    const {body} = await admin('/metrics');
    return Number(
      body
        .split('\n')
        .find((line) => line.startsWith(`${name} `))
        ?.slice(name.length + 1),
    );
  };
  return {...server, admin, sample};
}

test('/livez and /readyz are answered by the arbiter, any other path with 404', async (t) => {
  const {admin, event} = await adminServer(t);
  await event('worker_ready', {count: 2});
  assert.deepEqual(
    [(await admin('/livez')).status, (await admin('/readyz')).body],
    [200, '{"status":"ready","workers":2,"fresh":2,"held":0,"draining":false}\n'],
  );
  assert.equal((await admin('/')).status, 404);
});

test('readiness is 503 from SIGTERM on, also during drain-delay, while the service answers everything else', async (t) => {
  const {admin, signal, get: ask, ended, event} = await adminServer(t, ['--drain-delay=1']);
  const slow = ask('/slow');
  signal('SIGTERM');
  await event('draining');
  await until('a worker answers 503', async () => (await ask('/readyz')).status === 503);
  const {status, body} = await admin('/readyz');
  assert.equal(status, 503);
  assert.partialDeepStrictEqual(JSON.parse(body), {status: 'not ready', draining: true});
  assert.equal((await admin('/livez')).status, 200);
  assert.equal((await ask('/')).body, 'hello');
  assert.equal((await slow).body, 'slow');
  assert.equal((await ended).code, 0);
});

test('readiness is 503 without a worker, and 200 again with the next one', async (t) => {
  const {admin, workers, signal, event} = await adminServer(t);
  await event('worker_ready', {count: 2});
  signal('SIGWINCH');
  await until('no worker is left', () => workers().length === 0);
  assert.equal((await admin('/readyz')).status, 503);
  signal('SIGHUP');
  await until('it is ready again', async () => (await admin('/readyz')).status === 200);
});

test('/livez answers while every worker is busy', async (t) => {
  const {admin, get: ask, sample} = await adminServer(t);
  const stuck = [1, 2, 3, 4].map(() => ask('/stuck'));
  await sleep(200);
  const times: number[] = [];
  for (let count = 0; count < 20; count += 1) {
    const started = performance.now();
    assert.equal((await admin('/livez')).status, 200);
    times.push(performance.now() - started);
  }
  // The median: a busy machine can delay single requests. A worker's loop would be blocked for over a second.
  assert.ok((times.toSorted((one, other) => one - other)[10] ?? Infinity) < 100, times.join(' '));
  await Promise.all(stuck);
  await sleep(1200);
  assert.ok((await sample('entrypoint_requests_total{class="2xx"}')) >= 4);
});

test('metrics cover the whole server, including workers that have exited', async (t) => {
  const {get: ask, sample, workers, signal, event} = await adminServer(t);
  await event('worker_ready', {count: 2});
  await Promise.all([...Array.from({length: 20}, () => ask('/')), ask('/404'), ask('/500'), ask('/503')]);
  const counts = (): Promise<readonly number[]> =>
    Promise.all(['2xx', '4xx', '5xx'].map((name) => sample(`entrypoint_requests_total{class="${name}"}`)));
  await until('all are counted', async () => (await counts()).join(' ') === '20 1 2', 5);
  signal('SIGHUP');
  await event('reloaded');
  assert.deepEqual(await counts(), [20, 1, 2]);
  assert.equal(await sample('entrypoint_reloads_total'), 1);
  assert.equal(await sample('entrypoint_worker_exits_total{reason="reload"}'), 2);
  killHard(workers()[0] ?? 0);
  await until(
    'the crash is counted',
    async () => (await sample('entrypoint_worker_exits_total{reason="crash"}')) === 1,
  );
  assert.deepEqual(await counts(), [20, 1, 2]);
  assert.equal(await sample('entrypoint_request_duration_seconds_count'), 23);
  await until('the worker is replaced', async () => (await sample('entrypoint_workers{state="ready"}')) === 2);
});

test('an admin address that is in use ends the server with 69', async (t) => {
  const first = await adminServer(t);
  const {bind} = await first.event('admin_listening');
  const second = await startServer(t, {module: service, flags: [`--admin-bind=${String(bind)}`], listening: false});
  assert.equal((await second.ended).code, 69);
  assert.match(second.output(), /admin listener/);
  assert.match(second.output(), /--admin-bind/);
});

function requests(server: TestServer): readonly LogLine[] {
  return server.log().filter(({event}) => event === 'request');
}

test('the access log has a line of JSON for each request of any worker, with the id that the service saw', async (t) => {
  const server = await startServer(t, {module: service, flags: ['--workers=2', '--access-log']});
  const [id, parent] = JSON.parse((await server.get('/ids?secret=1')).body) as [string, string];
  await server.get('/ids', {headers: {'x-request-id': 'from-the-balancer'}});
  await server.get('/404');
  await until('three lines are logged', () => requests(server).length === 3);
  const of = (wanted: string): LogLine | undefined => requests(server).find((line) => line['request_id'] === wanted);
  assert.partialDeepStrictEqual(of(id), {
    level: 'info',
    method: 'GET',
    path: '/ids',
    status: 200,
    client: '127.0.0.1',
    trace_id: parent.slice(3, 35),
  });
  assert.partialDeepStrictEqual(of('from-the-balancer'), {path: '/ids'});
  assert.deepEqual(
    requests(server)
      .map(({status}) => status)
      .toSorted(),
    [200, 200, 404],
  );
  assert.doesNotMatch(server.output(), /secret/);
});

test("the access log can have lines of gunicorn's atoms instead", async (t) => {
  const server = await startServer(t, {
    module: service,
    flags: ['--access-log', '--access-log-format=%(h)s "%(r)s" %(s)s %(B)s'],
  });
  await server.get('/a?b=c');
  await until('the line is logged', () => server.output().includes('127.0.0.1 "GET /a?b=c HTTP/1.1" 200 5\n'));
});

test('USR1 and the end of the server flush the access log; without --access-log nothing is written', async (t) => {
  const server = await startServer(t, {module: service, flags: ['--workers=1', '--access-log']});
  const connection = await rawConnection(t, server.port);
  connection.write('GET /stuck HTTP/1.1\r\nhost: x\r\n\r\n');
  await connection.until(/hello/);
  await server.get('/');
  server.signal('SIGUSR1');
  server.signal('SIGTERM');
  await server.ended;
  assert.equal(requests(server).length, 2);
  const silent = await startServer(t, {module: service});
  await silent.get('/');
  silent.signal('SIGTERM');
  await silent.ended;
  assert.equal(requests(silent).length, 0);
});

test('a service with its own tracer gets no traceparent', async (t) => {
  const server = await startServer(t, {module: service, env: {OTEL_SERVICE_NAME: 'x'}});
  const [id, parent] = JSON.parse((await server.get('/ids')).body) as [string, string | null];
  assert.match(id, /^[0-9a-f]{32}$/);
  assert.equal(parent, null);
  const off = await startServer(t, {module: service, flags: ['--no-request-id']});
  assert.equal((await off.get('/ids')).body, '[null,null]');
});
