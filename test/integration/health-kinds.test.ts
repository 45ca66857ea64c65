import assert from 'node:assert/strict';
import {before, test} from 'node:test';
import {long} from '../support/long.ts';
import {addressOf, buildOf, serving, succeed, underLoad} from './serving.ts';
import {entrypoint, makeTiny} from './tiny.ts';

// One service, whose checks become others of every kind, under load.

const tiny = makeTiny();
const {name, must, run, write} = tiny;
let image = '';

const describe = (health: string): void =>
  write(
    'deploy.yaml',
    `service: ${name}\nhealth: ${health}\nenvironments: {local: {replicas: 2, watch_seconds: 0, ready_timeout_seconds: 20, environment: {HEALTHY_AT: /readyz}}}\n`,
  );

before(() => {
  if ('skip' in long) return;
  image = buildOf(tiny);
});

test('a deploy that changes what the check expects loses no request, nor does its rollback', long, async () => {
  describe('/readyz');
  const address = addressOf(tiny, image);
  await underLoad(address, async () => {
    describe('{status: 2xx, body: .}');
    await succeed(tiny, 'deploy', `--image=${image}`);
    assert.deepEqual(serving(tiny), ['.local.2.1 L7OK', '.local.2.2 L7OK']);
    describe('{tcp: true}');
    await succeed(tiny, 'deploy', `--image=${image}`);
    assert.deepEqual(serving(tiny), ['.local.3.1 L4OK', '.local.3.2 L4OK']);
    await succeed(tiny, 'rollback');
    assert.deepEqual(serving(tiny), ['.local.2.1 L7OK', '.local.2.2 L7OK']);
    describe(`{command: [node, --eval, "fetch('http://127.0.0.1:3000/').then(({ok}) => process.exit(ok ? 0 : 1))"]}`);
    await succeed(tiny, 'deploy', `--image=${image}`);
    assert.deepEqual(serving(tiny), ['.local.4.1 L4OK', '.local.4.2 L4OK']);
    assert.match(
      must('docker', 'inspect', '--format', '{{json .Config.Healthcheck}}', `${name}.local.4.1`),
      /start-as-webuser --exec node --eval/,
    );
  });
});

test('a command that fails leaves the old release serving, and is quoted with its answer', long, () => {
  const old = serving(tiny);
  write(
    'deploy.yaml',
    `service: ${name}\nhealth: {command: [sh, -c, "echo queue is full; exit 3"]}\nenvironments: {local: {replicas: 2, ready_timeout_seconds: 2}}\n`,
  );
  const {code, stderr} = run(entrypoint, ['deploy', `--image=${image}`]);
  assert.equal(code, 1);
  assert.match(
    stderr,
    /release 5 did not become healthy; release 4 keeps serving[^]*5\.1 did not become healthy: sh -c 'echo queue is full; exit 3' exits with 3\n +queue is full\n[^]*fix: make `sh -c echo/,
  );
  assert.deepEqual(serving(tiny), old);
});
