import assert from 'node:assert/strict';
import {before, test} from 'node:test';
import {startLoad} from './images/load.ts';
import {entrypoint, makeTiny} from './tiny.ts';

// Each release answers only at its own health path: a check of the other path would count it as dead.

const {name, must, run, start, write, commit} = makeTiny();
let image = '';

const describe = (health: string): void =>
  write(
    'deploy.yaml',
    `service: ${name}\nhealth: ${health}\nenvironments: {local: {replicas: 2, watch_seconds: 0, environment: {HEALTHY_AT: ${health}}}}\n`,
  );
const serving = (): string[] => {
  const {containers} = JSON.parse(must(entrypoint, '--quiet', '--json', 'status')) as {
    containers: {name: string; serving: boolean; health: string | null}[];
  };
  return containers.filter((one) => one.serving).map((one) => `${one.name.slice(name.length)} ${one.health}`);
};

/** Without blocking the load, which this process sends. */
async function succeed(...words: readonly string[]): Promise<void> {
  const {code, stderr} = await start(entrypoint, words).ended;
  assert.equal(code, 0, stderr);
}

before(() => {
  commit();
  image = (JSON.parse(must(entrypoint, '--quiet', '--json', 'build')) as {image: string}).image;
});

test('a deploy that changes the health path loses no request, nor do the rollback and the deploy after it', async () => {
  describe('/readyz');
  const {address} = JSON.parse(must(entrypoint, '--quiet', '--json', 'deploy', `--image=${image}`)) as {
    address: string;
  };
  describe('/ping');
  const load = startLoad([address], 50);
  try {
    await succeed('deploy', `--image=${image}`);
    assert.deepEqual(serving(), ['.local.2.1 L7OK', '.local.2.2 L7OK']);
    await succeed('rollback');
    assert.deepEqual(serving(), ['.local.1.1 L7OK', '.local.1.2 L7OK']);
    await succeed('deploy', `--image=${image}`);
    // In the slots of the first release.
    await succeed('deploy', `--image=${image}`);
    assert.deepEqual(serving(), ['.local.4.1 L7OK', '.local.4.2 L7OK']);
  } finally {
    const {sent, failures} = await load.stop();
    assert.ok(sent > 100, `${sent} were sent`);
    assert.deepEqual(failures, []);
  }
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
  assert.deepEqual(serving(), ['.local.4.1 L7OK', '.local.4.2 L7OK']);
});
