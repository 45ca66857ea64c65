import assert from 'node:assert/strict';
import {test} from 'node:test';
import {type DeclaredHealth, type HealthCheck, healthCheckOf} from '../../../src/service/schema/health-check.ts';
import {answer, configText, serveFrom, startApp, startBalancer} from './balancer.ts';
import {buildImages, makePlace} from './containers.ts';

buildImages('base', 'haproxy');
const place = makePlace();

// Like a framework that knows its hosts and redirects to HTTPS; what it answers has quotation marks and a percent sign.
const strict = `
require('node:http').createServer((request, response) => {
  const {host, 'x-forwarded-proto': proto, 'x-probe': probe} = request.headers;
  if (host !== 'shop.example.com') response.writeHead(400).end('Invalid HTTP_HOST header');
  else if (proto !== 'https') response.writeHead(301, {location: 'https://shop.example.com/'}).end();
  else if (request.url !== '/ready?deep=1') response.writeHead(404).end();
  else response.writeHead(204 - 4 * Number(probe !== 'a "b" 50% \\\\\\\\'), {'x-ready': 'yes, in part'}).end(probe ? '' : '{"db": "up"}');
}).listen(3000);
process.on('SIGTERM', () => process.exit(0));
`;
const [balancer, service, plain] = await Promise.all([
  startBalancer(place),
  place.start('strict', [
    '--entrypoint',
    'node',
    'entrypoint/base:26',
    '--eval',
    strict.replaceAll('\\\\\\\\', '\\\\'),
  ]),
  startApp(place, 'plain', 'v1'),
]);

const map = (more: Partial<Exclude<DeclaredHealth, string>>): HealthCheck =>
  healthCheckOf({path: '/ready?deep=1', headers: {}, status: '200', response_headers: {}, ...more}, 'shop.example.com');
const start = async (health: HealthCheck, container = service, seconds = 10) => {
  await balancer.mustLb(['config', 'web'], configText({}, 1, {health}));
  return balancer.lb(['start', String(seconds), `web/1a=${container}:3000`]);
};

test('a replica is asked with the host and the protocol of its users', async () => {
  assert.deepEqual(await start(healthCheckOf('/ready?deep=1', 'shop.example.com')), {code: 0, stdout: '', stderr: ''});
  const wrong = await start(healthCheckOf('/ready?deep=1', 'other.example.com'), service, 1);
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /did not become healthy: L7STS 400/);
  assert.match(
    wrong.stderr,
    /^lb: GET \/ready\?deep=1 \(Host: other\.example\.com\) answers: HTTP\/1\.1 400 Bad Request .*Invalid HTTP_HOST header/m,
  );
});

test('and must answer what is expected: status, headers, body', async () => {
  const good: readonly HealthCheck[] = [
    map({status: '204', headers: {'x-probe': 'a "b" 50% \\'}}),
    map({status: '200-299,304', response_headers: {'X-Ready': '^yes,.*part$'}, body: '"db": *"up"\\}$'}),
  ];
  for (const health of good) {
    const {code, stderr} = await start(health);
    assert.deepEqual([code, stderr], [0, ''], JSON.stringify(health));
  }
  for (const health of [map({status: '201-299'}), map({response_headers: {'x-ready': '^no'}}), map({body: 'down'})]) {
    const {code, stderr} = await start(health, service, 1);
    assert.equal(code, 1, JSON.stringify(health));
    assert.match(
      stderr,
      /did not become healthy: (?:\* )?L7\w+ .*\nlb: GET \/ready\?deep=1 .*answers: HTTP\/1\.1 200 OK .*"db"/,
    );
  }
});

test('or only accept connections', async () => {
  assert.equal((await start({kind: 'tcp'})).code, 0);
  assert.match(await balancer.mustLb(['show', 'web']), /^web\/1a .* L4OK/m);
});

test('a release that expects another answer gets requests unchecked, and can be started again', async () => {
  const health = healthCheckOf('/ready', undefined);
  await balancer.mustLb(['config', 'web'], configText({}, 1, {health}));
  await serveFrom(balancer, 'web/1b', plain);
  // What a deploy prepares: the release in 1b passes no check of the next one.
  const next = map({});
  await balancer.mustLb(
    ['config', 'web'],
    configText({'1b': plain}, 1, {health: next, otherHealth: {'1b': {kind: 'tcp'}}}),
  );
  await new Promise((resolve) => setTimeout(resolve, 1500));
  assert.equal(await answer(balancer), 'v1');
  await balancer.mustLb(['start', '10', `web/1a=${service}:3000`]);
  await balancer.mustLb(['switch', '--to', 'web/1a', '--from', 'web/1b']);
  await balancer.mustLb(['drain', '5', 'web/1b']);
  // And what undoes it.
  await balancer.mustLb(['restore', 'web']);
  assert.equal(await answer(balancer), 'v1');
});
