import assert from 'node:assert/strict';
import {before, test} from 'node:test';
import {long} from '../support/long.ts';
import {startLoad} from './images/load.ts';
import {entrypoint, makeTiny} from './tiny.ts';

// One service, whose checks become others of every kind, under load.

const {name, must, run, start, write, commit} = makeTiny();
let image = '';

const describe = (health: string): void =>
  write(
    'deploy.yaml',
    `service: ${name}\nhealth: ${health}\nenvironments: {local: {replicas: 2, watch_seconds: 0, ready_timeout_seconds: 20, environment: {HEALTHY_AT: /readyz}}}\n`,
  );
const serving = (): string[] => {
  const {containers} = JSON.parse(must(entrypoint, '--quiet', '--json', 'status')) as {
    containers: {name: string; serving: boolean; health: string | null}[];
  };
  return containers.filter((one) => one.serving).map((one) => `${one.name.slice(name.length)} ${one.health}`);
};
async function succeed(...words: readonly string[]): Promise<void> {
  const {code, stderr} = await start(entrypoint, words).ended;
  assert.equal(code, 0, stderr);
}

before(() => {
  if ('skip' in long) return;
  commit();
  image = (JSON.parse(must(entrypoint, '--quiet', '--json', 'build')) as {image: string}).image;
});

test('a deploy that changes what the check expects loses no request, nor does its rollback', long, async () => {
  describe('/readyz');
  const {address} = JSON.parse(must(entrypoint, '--quiet', '--json', 'deploy', `--image=${image}`)) as {
    address: string;
  };
  const load = startLoad([address], 50);
  try {
    describe('{status: 2xx, body: .}');
    await succeed('deploy', `--image=${image}`);
    assert.deepEqual(serving(), ['.local.2.1 L7OK', '.local.2.2 L7OK']);
    describe('{tcp: true}');
    await succeed('deploy', `--image=${image}`);
    assert.deepEqual(serving(), ['.local.3.1 L4OK', '.local.3.2 L4OK']);
    await succeed('rollback');
    assert.deepEqual(serving(), ['.local.2.1 L7OK', '.local.2.2 L7OK']);
    describe(`{command: [node, --eval, "fetch('http://127.0.0.1:3000/').then(({ok}) => process.exit(ok ? 0 : 1))"]}`);
    await succeed('deploy', `--image=${image}`);
    assert.deepEqual(serving(), ['.local.4.1 L4OK', '.local.4.2 L4OK']);
    assert.match(
      must('docker', 'inspect', '--format', '{{json .Config.Healthcheck}}', `${name}.local.4.1`),
      /start-as-webuser --exec node --eval/,
    );
  } finally {
    const {sent, failures} = await load.stop();
    assert.ok(sent > 100, `${sent} were sent`);
    assert.deepEqual(failures, []);
  }
});

test('a command that fails leaves the old release serving, and is quoted with its answer', long, () => {
  const old = serving();
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
  assert.deepEqual(serving(), old);
});
