import assert from 'node:assert/strict';
import {before, test} from 'node:test';
import {addressOf, buildOf, serving, succeed, underLoad} from './serving.ts';
import {entrypoint, makeTiny} from './tiny.ts';

// Each release answers only at its own health path: a check of the other path would count it as dead.

const tiny = makeTiny();
const {name, run, write} = tiny;
let image = '';

const describe = (health: string): void =>
  write(
    'deploy.yaml',
    `service: ${name}\nhealth: ${health}\nenvironments: {local: {replicas: 2, watch_seconds: 0, environment: {HEALTHY_AT: ${health}}}}\n`,
  );

before(() => {
  image = buildOf(tiny);
});

test('a deploy that changes the health path loses no request, nor do the rollback and the deploy after it', async () => {
  describe('/readyz');
  const address = addressOf(tiny, image);
  describe('/ping');
  await underLoad(address, async () => {
    await succeed(tiny, 'deploy', `--image=${image}`);
    assert.deepEqual(serving(tiny), ['.local.2.1 L7OK', '.local.2.2 L7OK']);
    await succeed(tiny, 'rollback');
    assert.deepEqual(serving(tiny), ['.local.1.1 L7OK', '.local.1.2 L7OK']);
    await succeed(tiny, 'deploy', `--image=${image}`);
    // In the slots of the first release.
    await succeed(tiny, 'deploy', `--image=${image}`);
    assert.deepEqual(serving(tiny), ['.local.4.1 L7OK', '.local.4.2 L7OK']);
  });
});

test('a path that the new release does not have leaves the old one serving, checked as before', () => {
  describe('/ping');
  write(
    'deploy.yaml',
    `service: ${name}\nhealth: /readyz\nenvironments: {local: {replicas: 2, ready_timeout_seconds: 2, environment: {HEALTHY_AT: /ping}}}\n`,
  );
  const {code, stderr} = run(entrypoint, ['deploy', `--image=${image}`]);
  assert.equal(code, 1);
  assert.match(stderr, /did not become healthy[^]*fix: make GET \/readyz on port 3000 answer 200 within 2 s/);
  assert.deepEqual(serving(tiny), ['.local.4.1 L7OK', '.local.4.2 L7OK']);
});
