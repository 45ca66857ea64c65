import assert from 'node:assert/strict';
import {test} from 'node:test';
import {parseImageFacts} from '../../../../src/contract/image/facts.ts';
import {describeService} from '../../../../src/contract/image/service-under-test.ts';
import {parseDeployFile} from '../../../../src/service/deploy-file.ts';

const settings = parseDeployFile(`
health: /up
backing_services: {store: {image: s, ready: [r]}}
test_integration: {backing_services: {store: {}}, environment: {A: file, B: file}}
check: {slow_path: /slow}
`);
const values = {env: [] as string[], helper: 'h'};
const given = {image: 'sha256:1', settings, serviceName: 'buy', network: 'buy.check-1', labels: {}};
const imageOf = (config: object) => parseImageFacts(JSON.stringify({Id: 'sha256:1', Config: config}), '"RUN x"\n');
const ours = imageOf({Entrypoint: ['tini', '--', 'entrypoint'], Labels: {'entrypoint.service_name': 'buy'}});
const foreign = imageOf({Cmd: ['nginx'], ExposedPorts: {'8080/tcp': {}, '80/tcp': {}}});

test('deploy.yaml describes the image of the service in this directory, and options override it', () => {
  const service = describeService({
    ...given,
    facts: ours,
    values: {...values, image: 'buy:1', env: ['B=option'], health: '/other'},
  });
  assert.deepEqual(service.environment, {A: 'file', B: 'option'});
  assert.deepEqual([service.command, service.port, service.slow, service.backing], [['run'], 3000, '/slow', ['store']]);
});

test('deploy.yaml does not apply to the image of another service', () => {
  const service = describeService({
    ...given,
    facts: foreign,
    values: {...values, image: 'registry:5000/team/nginx:1@sha256:2', command: 'nginx -g off'},
  });
  assert.deepEqual(service.environment, {});
  assert.deepEqual([service.isOurs, service.port, service.startSeconds], [false, 80, 20]);
  assert.deepEqual(service.health, {
    kind: 'http',
    path: '/',
    headers: {host: 'localhost'},
    status: '100-499',
    answer: {},
    body: '',
  });
  assert.deepEqual(service.command, ['nginx', '-g', 'off']);
});

test('the health check and the time to start are those of deploy.yaml, and options override them', () => {
  const slow = parseDeployFile(`
health: {path: /up, status: 2xx}
environments:
  local: {load_balancer: {routes: [{host: shop.example.com}]}}
  prod: {ready_timeout_seconds: 90}
`);
  const own = (more: object, file: typeof slow = slow) =>
    describeService({...given, settings: file, facts: ours, values: {...values, ...more}});
  const check = {
    kind: 'http',
    path: '/up',
    headers: {host: 'shop.example.com', 'x-forwarded-proto': 'https'},
    status: '200-299',
    answer: {},
    body: '',
  };
  assert.deepEqual([own({}).health, own({}).startSeconds], [check, 90]);
  assert.deepEqual(own({}).healthVariables, {HEALTH_HOST: 'shop.example.com'});
  assert.deepEqual(own({health: '/other'}).health, {...check, path: '/other', status: '200'});
  assert.deepEqual([own({tcp: true}).health, own({startTimeout: 5}).startSeconds], [{kind: 'tcp'}, 5]);
  assert.equal(own({}, parseDeployFile('check: {start_timeout_seconds: 300}')).startSeconds, 300);
  assert.equal(own({}, parseDeployFile('')).startSeconds, 60);
  assert.throws(() => own({tcp: true, health: '/x'}), /--tcp and --health exclude each other/);
});

test('an image without a label belongs to the service that its repository is named after', () => {
  assert.ok(describeService({...given, facts: foreign, values: {...values, image: 'registry:5000/team/buy:1'}}).isOurs);
  assert.ok(
    !describeService({...given, facts: ours, serviceName: 'sell', values: {...values, image: 'sell:1'}}).isOurs,
  );
});

test('--env=NAME without a value is a secret from our own environment', () => {
  const service = describeService({
    ...given,
    facts: foreign,
    values: {...values, image: 'x', env: ['API_TOKEN', 'EMPTY=']},
  });
  assert.deepEqual(service.secrets, {API_TOKEN: {env: 'API_TOKEN'}});
  assert.deepEqual(service.environment, {EMPTY: ''});
});

test('an --env that is not a variable is an error that does not repeat the text: it can be a secret', () => {
  assert.throws(
    () => describeService({...given, facts: foreign, values: {...values, image: 'x', env: ['hunter-2']}}),
    (error: Error) => !error.message.includes('hunter-2'),
  );
});

test('HEALTHCHECK NONE means no health check', () => {
  assert.deepEqual(imageOf({Healthcheck: {Test: ['NONE']}}).healthCheck, []);
  assert.deepEqual(imageOf({Healthcheck: {Test: ['CMD', 'health-check']}}).healthCheck, ['CMD', 'health-check']);
});
