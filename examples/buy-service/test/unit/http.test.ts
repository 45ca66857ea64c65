// The real app with a real pool and an unreachable database: everything that needs no answer from Postgres.
import assert from 'node:assert/strict';
import {test, type TestContext} from 'node:test';
import type {FastifyInstance, InjectOptions} from 'fastify';
import {buildApp} from '../../src/app.ts';
import declaration from '../../src/config.ts';
import {createPool} from '../../src/database.ts';
import {serviceLog} from '../../src/logging.ts';

const uuid = '0a8f7c62-39b2-4b8e-9d62-0c5a6f1a2b3c';
const purchase: InjectOptions = {
  method: 'POST',
  url: '/purchases',
  headers: {'idempotency-key': 'k'},
  payload: {quote_id: uuid, member_id: 'm1'},
};

function startApp(t: TestContext): {app: FastifyInstance; logged: () => Record<string, unknown>[]} {
  const lines: string[] = [];
  const env = {DATABASE_URL: 'postgres://buy@127.0.0.1:1/buy', DATABASE_PASSWORD: 'x', GIT_COMMIT_HASH: 'abc123'};
  const config = declaration.read({env, task: 'run'});
  const app = buildApp(
    config,
    createPool(config),
    serviceLog(config, (line) => void lines.push(line)),
  );
  t.after(() => app.close());
  return {app, logged: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>)};
}

async function errorOf(app: FastifyInstance, request: InjectOptions): Promise<[number, string]> {
  const response = await app.inject(request);
  const body = response.json<{error: {code: string; message: string}}>();
  assert.deepEqual(Object.keys(body), ['error']);
  assert.equal(typeof body.error.message, 'string');
  return [response.statusCode, body.error.code];
}

test('healthz answers without the database, with the commit as version', async (t) => {
  const response = await startApp(t).app.inject('/healthz');
  assert.equal(response.statusCode, 200);
  assert.deepEqual(response.json(), {status: 'ok', version: 'abc123'});
});

test('readyz answers 503 while the database is unreachable, and logs it once', async (t) => {
  const {app, logged} = startApp(t);
  assert.deepEqual(await errorOf(app, {url: '/readyz'}), [503, 'not_ready']);
  assert.deepEqual(await errorOf(app, {url: '/readyz'}), [503, 'not_ready']);
  assert.deepEqual(
    logged().map(({level, message}) => [level, message]),
    [['warning', 'not ready: the database is unreachable']],
  );
});

test('every endpoint that needs the database answers 503 without it', async (t) => {
  const {app} = startApp(t);
  const quote: InjectOptions = {method: 'POST', url: '/quotes', payload: {product_id: 'miles', points: 1}};
  for (const request of [{url: '/products'}, quote, purchase, {url: `/purchases/${uuid}`}]) {
    assert.deepEqual(await errorOf(app, request), [503, 'unavailable']);
  }
});

test('a quote needs a product and a whole, positive number of points', async (t) => {
  const {app} = startApp(t);
  const bodies = [
    {},
    [],
    {product_id: 'miles'},
    {product_id: 'miles', points: '1000'},
    {product_id: 'miles', points: 1.5},
    {product_id: 'miles', points: 0},
    {product_id: 'miles', points: 1e9},
    {product_id: 'Miles', points: 1},
    {product_id: 'miles', points: 1, price_cents: 1},
  ];
  for (const payload of bodies) {
    const answer = await errorOf(app, {method: 'POST', url: '/quotes', payload});
    assert.deepEqual(answer, [400, 'invalid_request'], JSON.stringify(payload));
  }
});

test('a purchase needs one valid Idempotency-Key, a quote and a member', async (t) => {
  const {app} = startApp(t);
  const requests: InjectOptions[] = [
    {...purchase, headers: {}},
    {...purchase, headers: {'idempotency-key': ''}},
    {...purchase, headers: {'idempotency-key': 'a b'}},
    {...purchase, headers: {'idempotency-key': 'x'.repeat(256)}},
    {...purchase, payload: {quote_id: 'q', member_id: 'm1'}},
    {...purchase, payload: {quote_id: uuid}},
    {...purchase, payload: {quote_id: uuid, member_id: 'm1', points: 1}},
  ];
  for (const request of requests) assert.deepEqual(await errorOf(app, request), [400, 'invalid_request']);
});

test('rejects a body that is not JSON, too large or of another type', async (t) => {
  const {app} = startApp(t);
  const send = (type: string, payload: string) =>
    errorOf(app, {method: 'POST', url: '/quotes', headers: {'content-type': type}, payload});
  assert.deepEqual(await send('application/json', '{"product_id":'), [400, 'invalid_request']);
  assert.deepEqual(await send('application/json', ''), [400, 'invalid_request']);
  assert.deepEqual(await send('text/xml', '<a/>'), [415, 'unsupported_media_type']);
  assert.deepEqual(await send('application/json', `"${'x'.repeat(20_000)}"`), [413, 'body_too_large']);
});

test('unknown addresses, methods and parameters are errors in JSON', async (t) => {
  const {app} = startApp(t);
  assert.deepEqual(await errorOf(app, {url: '/nothing'}), [404, 'not_found']);
  assert.deepEqual(await errorOf(app, {method: 'DELETE', url: '/products'}), [404, 'not_found']);
  assert.deepEqual(await errorOf(app, {url: '/purchases/%zz'}), [400, 'invalid_request']);
  for (const query of ['limit=0', 'limit=501', 'demo_delay_ms=2001', 'demo_delay_ms=-1', 'delay_ms=1']) {
    assert.deepEqual(await errorOf(app, {url: `/products?${query}`}), [400, 'invalid_request'], query);
  }
});

test('an unexpected error is logged, and its details stay out of the response', async (t) => {
  const {app, logged} = startApp(t);
  app.get('/boom', () => {
    throw new Error('inner details');
  });
  const response = await app.inject('/boom');
  assert.equal(response.statusCode, 500);
  assert.deepEqual(response.json(), {error: {code: 'internal', message: 'unexpected error'}});
  const line = logged().find(({message}) => message === 'unexpected error');
  assert.equal(line?.['level'], 'error');
  assert.match(JSON.stringify(line?.['err']), /inner details/);
});

test('a request is one JSON log line without its query; a health check is not logged', async (t) => {
  const {app, logged} = startApp(t);
  await app.inject('/healthz');
  const response = await app.inject({url: '/nothing?secret=1', headers: {'x-request-id': 'r-1'}});
  assert.equal(response.headers['x-request-id'], 'r-1');
  const [line, ...others] = logged();
  assert.deepEqual(others, []);
  const {time, ms, pid: _p, instance: _i, seq: _s, ...rest} = line ?? {};
  assert.ok(!Number.isNaN(Date.parse(String(time))));
  assert.equal(typeof ms, 'number');
  assert.deepEqual(rest, {
    level: 'info',
    severity_text: 'INFO',
    event: 'request',
    service: 'buy-service',
    version: 'abc123',
    request_id: 'r-1',
    method: 'GET',
    path: '/nothing',
    status: 404,
  });
});

test('replaces a request id that is not a plain word', async (t) => {
  const response = await startApp(t).app.inject({url: '/healthz', headers: {'x-request-id': 'a b'}});
  assert.match(String(response.headers['x-request-id']), /^[0-9a-f-]{36}$/);
});
