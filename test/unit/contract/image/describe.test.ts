import assert from 'node:assert/strict';
import {test} from 'node:test';
import {parseImageFacts} from '../../../../src/contract/image/facts.ts';
import {describeSubject} from '../../../../src/contract/image/subject.ts';
import {parseDeployFile} from '../../../../src/service/deploy-file.ts';

const service = parseDeployFile(`
health: /up
backing_services: {store: {image: s, ready: [r]}}
test_integration: {backing_services: {store: {}}, environment: {A: file, B: file}}
check: {slow_path: /slow}
`);
const values = {env: [] as string[], helper: 'h'};
const given = {image: 'sha256:1', service, serviceName: 'buy', network: 'buy.check-1', labels: {}};
const imageOf = (config: object) => parseImageFacts(JSON.stringify({Id: 'sha256:1', Config: config}), '"RUN x"\n');
const ours = imageOf({Entrypoint: ['tini', '--', 'entrypoint'], Labels: {'entrypoint.service_name': 'buy'}});
const foreign = imageOf({Cmd: ['nginx'], ExposedPorts: {'8080/tcp': {}, '80/tcp': {}}});

test('an image of the service in this directory is described by deploy.yaml, and options go before it', () => {
  const subject = describeSubject({
    ...given,
    facts: ours,
    values: {...values, image: 'buy:1', env: ['B=option'], health: '/other'},
  });
  assert.deepEqual(subject.environment, {A: 'file', B: 'option'});
  assert.deepEqual(
    [subject.command, subject.port, subject.health, subject.slow, subject.backing],
    [['run'], 3000, '/other', '/slow', ['store']],
  );
});

test('an image of somebody else has nothing of deploy.yaml', () => {
  const subject = describeSubject({
    ...given,
    facts: foreign,
    values: {...values, image: 'registry:5000/team/nginx:1@sha256:2', command: 'nginx -g off'},
  });
  assert.deepEqual(subject.environment, {});
  assert.deepEqual([subject.isOurs, subject.port, subject.health, subject.healthIsDeclared], [false, 80, '/', false]);
  assert.deepEqual(subject.command, ['nginx', '-g', 'off']);
});

test('without a label the name of the repository tells whose it is', () => {
  assert.ok(describeSubject({...given, facts: foreign, values: {...values, image: 'registry:5000/team/buy:1'}}).isOurs);
  assert.ok(
    !describeSubject({...given, facts: ours, serviceName: 'sell', values: {...values, image: 'sell:1'}}).isOurs,
  );
});

test('a variable without a value is a secret of our own environment', () => {
  const subject = describeSubject({
    ...given,
    facts: foreign,
    values: {...values, image: 'x', env: ['API_TOKEN', 'EMPTY=']},
  });
  assert.deepEqual(subject.secrets, {API_TOKEN: {env: 'API_TOKEN'}});
  assert.deepEqual(subject.environment, {EMPTY: ''});
});

test('a text that is no variable is a error, and is not repeated: it may be a secret', () => {
  assert.throws(
    () => describeSubject({...given, facts: foreign, values: {...values, image: 'x', env: ['hunter-2']}}),
    (error: Error) => !error.message.includes('hunter-2'),
  );
});

test('the health check NONE is none', () => {
  assert.deepEqual(imageOf({Healthcheck: {Test: ['NONE']}}).healthCheck, []);
  assert.deepEqual(imageOf({Healthcheck: {Test: ['CMD', 'answers']}}).healthCheck, ['CMD', 'answers']);
});
