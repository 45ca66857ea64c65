import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import * as fc from 'fast-check';
import {isProblem} from '../../../src/errors.ts';
import {parseDeployFile} from '../../../src/service/deploy-file.ts';
import {
  aliveEnvironment,
  goalText,
  type HealthCheck,
  healthCheckOf,
  pathCheck,
  questionText,
  requestText,
  serviceHealth,
  statusRanges,
  statusText,
  usersHost,
  withHeadersOf,
} from '../../../src/service/schema/health-check.ts';

const checkOf = (health: string, local = ''): HealthCheck =>
  serviceHealth(parseDeployFile(`health: ${health}\nenvironments: {local: {${local}}}`));
const http = (change: object = {}): HealthCheck => ({
  kind: 'http',
  path: '/readyz',
  headers: {host: 'localhost', 'x-forwarded-proto': 'https'},
  status: '200',
  answer: {},
  body: '',
  ...change,
});

function problemsOf(health: string): readonly string[] {
  try {
    parseDeployFile(`health: ${health}`);
    return [];
  } catch (error) {
    if (!isProblem(error)) throw error;
    return error.details.map((line) => line.replace('deploy.yaml:1: ', ''));
  }
}

describe('the health check of deploy.yaml', () => {
  test('a path is asked for as users ask: by their host, over HTTPS', () => {
    assert.deepEqual(checkOf('/up?a=1'), http({path: '/up?a=1'}));
    assert.deepEqual(
      checkOf('/up', 'load_balancer: {routes: [{path: /api}, {host: shop.example.com}]}'),
      http({path: '/up', headers: {host: 'shop.example.com', 'x-forwarded-proto': 'https'}}),
    );
  });

  test('a map says host, headers, status, and what the answer must have', () => {
    assert.deepEqual(
      checkOf(
        '{path: /up, host: a.example, headers: {X-Forwarded-Proto: http, X-A: b}, status: [2xx, 304], response_headers: {X-B: c.d}, body: "up|ok"}',
        'load_balancer: {routes: [{host: shop.example.com}]}',
      ),
      http({
        path: '/up',
        headers: {host: 'a.example', 'x-forwarded-proto': 'http', 'x-a': 'b'},
        status: '200-299,304',
        answer: {'x-b': 'c.d'},
        body: 'up|ok',
      }),
    );
    assert.deepEqual(checkOf('{}'), http());
  });

  test('a connection, or a command', () => {
    assert.deepEqual(checkOf('{tcp: true}'), {kind: 'tcp'});
    assert.deepEqual(checkOf('{command: [pg_isready, -q]}'), {kind: 'command', words: ['pg_isready', '-q']});
  });

  test("the users' host is an exact one before a pattern, and that of the URL of a HAProxy of their own", () => {
    assert.equal(usersHost({routes: [{host: '*.example.com'}, {host: 'a.example.com'}]}), 'a.example.com');
    assert.equal(usersHost({routes: [{host: '*.example.com'}]}), 'www.example.com');
    assert.equal(usersHost({routes: [], own: {url: 'https://shop.example.com:8443/x'}}), 'shop.example.com:8443');
    assert.equal(usersHost({routes: [{}]}), undefined);
  });

  test('what is wrong in a map is reported key by key', () => {
    assert.deepEqual(problemsOf('{tpc: true, status: 99, body: "(", headers: {a b: c}}'), [
      'health.tpc is not a setting; did you mean tcp?',
      'health.headers.a b must be the name of a header',
      'health.status must be a status such as 200, a class such as 2xx, a range such as 200-399, or a list of these',
      'health.body must be a regular expression',
    ]);
    for (const host of ['"[2001:db8::5]"', '"[::1]:8080"', '10.0.0.5:80', 'shop.example.com:8080'])
      assert.deepEqual(problemsOf(`{host: ${host}}`), [], host);
    for (const host of ['"2001:db8::5"', '"[2001:db8]"', '"[::1]x"', '"::1"'])
      assert.match(problemsOf(`{host: ${host}}`)[0] ?? '', /^health\.host must be a host name/, host);
    assert.deepEqual(problemsOf('[/readyz]'), ['health must be a path that begins with /, or a map']);
    assert.deepEqual(problemsOf('readyz'), ['health must be a path that begins with /']);
    assert.deepEqual(problemsOf('{headers: {HOST: x}}'), ['health must have `host` in place of the header Host']);
    for (const map of ['{tcp: true, path: /x}', '{command: [a], body: x}', '{tcp: true, command: [a]}'])
      assert.deepEqual(problemsOf(map), ['health must have tcp or command as its only key']);
  });
});

describe('a status', () => {
  test('is a code, a class, a range, or a list of them', () => {
    assert.equal(statusText('200'), '200');
    assert.equal(statusText('2xx, 304,400-403'), '200-299,304,400-403');
    for (const wrong of ['', '99', '600', '2x', '300-200', 'ok', '200,,201'])
      assert.equal(statusText(wrong), undefined);
  });

  test('of any codes has exactly these', () => {
    const code = fc.integer({min: 100, max: 599});
    fc.assert(
      fc.property(fc.array(fc.tuple(code, code), {minLength: 1, maxLength: 5}), code, (pairs, one) => {
        const ranges = pairs.map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
        const text = statusText(ranges.map(([first, last]) => `${first}-${last}`).join(',')) ?? '';
        assert.equal(
          statusRanges(text).some(([first, last]) => one >= first && one <= last),
          ranges.some(([first, last]) => one >= first && one <= last),
        );
      }),
    );
  });
});

test('messages say what was asked, and what would be healthy', () => {
  const whole = healthCheckOf(
    {path: '/up', host: 'a.example', headers: {}, status: '200-299', response_headers: {'x-b': 'c'}, body: 'ok'},
    undefined,
  );
  assert.equal(questionText(whole, 3000), 'GET /up (Host: a.example)');
  assert.equal(
    goalText(whole, 3000),
    'GET /up on port 3000 with Host: a.example answer 200-299 with a header x-b that matches c and a body that matches ok',
  );
  assert.equal(goalText(http(), 80), 'GET /readyz on port 80 answer 200');
  assert.equal(goalText({kind: 'tcp'}, 80), 'port 80 accept connections');
  assert.equal(
    goalText({kind: 'command', words: ['is-up', '-q']}, 80),
    '`is-up -q` exit with 0 in the container, and port 80 accept connections',
  );
});

test('the request has the headers, and without any that of an earlier version', () => {
  assert.equal(
    requestText(http() as ReturnType<typeof pathCheck>),
    'GET /readyz HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Proto: https\r\nConnection: close\r\n\r\n',
  );
  assert.equal(requestText(pathCheck('/x')), 'GET /x HTTP/1.0\r\nConnection: close\r\n\r\n');
  assert.deepEqual(withHeadersOf(pathCheck('/readyz'), http()), http());
  assert.deepEqual(withHeadersOf(pathCheck('/readyz'), {kind: 'tcp'}), pathCheck('/readyz'));
});

test('HEALTHCHECK gets what differs from its defaults', () => {
  assert.deepEqual(aliveEnvironment(http(), '/healthz'), {});
  assert.deepEqual(aliveEnvironment(healthCheckOf('/up', 'a.example'), '/live'), {
    HEALTH_HOST: 'a.example',
    HEALTH_PATH: '/live',
  });
  assert.deepEqual(aliveEnvironment({kind: 'tcp'}, '/healthz'), {});
});
