import assert from 'node:assert/strict';
import {mkdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {before, beforeEach, test} from 'node:test';
import {eventually} from '../support/until.ts';
import {entrypoint, makeTiny} from './tiny.ts';

// Deploys that are interrupted, fail late or collide: the old release keeps serving, and nothing unfinished stays.

const {name, directory, run, must, start, write, describe, commit, leftovers} = makeTiny();
let image = '';

before(() => {
  mkdirSync(join(directory, 'test', 'integration'), {recursive: true});
  write(
    'test/integration/hold.test.ts',
    [
      "import {test} from 'node:test';",
      "test('asks the service', async () => {",
      '  const answer = await fetch(`${process.env.BASE_URL}/`);',
      "  if (await answer.text() !== 'tiny\\n') throw new Error('another service');",
      "  if (process.env.FAIL === 'yes') throw new Error('on purpose');",
      "  if (process.env.HOLD === 'yes') await new Promise((resolve) => setTimeout(resolve, 60_000));",
      '});\n',
    ].join('\n'),
  );
  commit();
  image = (JSON.parse(must(entrypoint, '--quiet', '--json', 'build')) as {image: string}).image;
  must(entrypoint, 'deploy');
});

beforeEach(() => describe());

const status = (): {release: number; containers: {name: string; serving: boolean}[]} =>
  JSON.parse(must(entrypoint, '--quiet', '--json', 'status')) as ReturnType<typeof status>;

const serving = (): string[] =>
  status()
    .containers.filter((one) => one.serving)
    .map((one) => one.name);

function describeTests(environment: string): void {
  write(
    'deploy.yaml',
    `service: ${name}\ntest_integration: {environment: ${environment}}\nenvironments: {local: {}}\n`,
  );
}

test('a failed check after the switch brings the old release back and fails the deploy', () => {
  const made = leftovers();
  // The image has no test/sanity, which is a failure: a missing check must not pass.
  describe('after: [test_sanity]');
  const {code, stderr} = run(entrypoint, ['deploy', `--image=${image}`]);
  assert.equal(code, 69);
  assert.match(stderr, new RegExp(`entrypoint: task test_sanity failed in ${name}\\.local; release 1 serves again`));
  assert.deepEqual(serving(), [`${name}.local.1.1`]);
  assert.deepEqual(leftovers(), made);
});

test('Ctrl-C undoes a deploy and exits with 130', async () => {
  const made = leftovers();
  describe('environment: {BROKEN: "yes"}, ready_timeout_seconds: 60');
  const deploy = start(entrypoint, ['deploy', `--image=${image}`]);
  await eventually(20, async () => leftovers().some((one) => one.endsWith('.local.2.1')), Boolean);
  deploy.kill('SIGINT');
  const {code, stderr} = await deploy.ended;
  assert.equal(code, 130);
  assert.match(stderr, /entrypoint: stopped by SIGINT\n$/);
  assert.deepEqual(leftovers(), made);
  assert.equal(status().release, 1);
});

test('a second deploy is rejected while one is running, and names its owner', async () => {
  describe('environment: {BROKEN: "yes"}, ready_timeout_seconds: 60');
  const first = start(entrypoint, ['deploy', `--image=${image}`]);
  await eventually(20, async () => leftovers().some((one) => one.endsWith('.local.2.1')), Boolean);
  const second = run(entrypoint, ['deploy', `--image=${image}`]);
  first.kill('SIGTERM');
  assert.equal((await first.ended).code, 143);
  assert.equal(second.code, 1);
  assert.match(
    second.stderr,
    new RegExp(
      `entrypoint: ${name} in local is locked by \\S+@\\S+ \\(deploy, held for \\d+ s\\)\nfix: wait for the other one`,
    ),
  );
  assert.equal(status().release, 1);
});

test('a killed deployer leaves the old release serving; the next deploy takes over its lock with a note and converges', async () => {
  describe('environment: {BROKEN: "yes"}, ready_timeout_seconds: 60');
  const dead = start(entrypoint, ['deploy', `--image=${image}`]);
  await eventually(20, async () => leftovers().some((one) => one.endsWith('.local.2.1')), Boolean);
  dead.kill('SIGKILL');
  await dead.ended;
  assert.equal(status().release, 1);
  describe();
  const {code, stderr} = run(entrypoint, ['deploy', `--image=${image}`]);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /# taking over the lock of \S+@\S+ \(deploy\): its process is dead\n/);
  // A release number is never reused: the killed deploy had 2.
  assert.deepEqual(serving(), [`${name}.local.3.1`]);
  assert.deepEqual(
    leftovers().filter((one) => one.includes('.2.') || one.endsWith('.lock')),
    [],
  );
});

test('history lists every deploy and its result, newest first', () => {
  const {releases} = JSON.parse(must(entrypoint, '--quiet', '--json', 'history')) as {
    releases: {release: number; what: string; result: string; hosts: string[]}[];
  };
  assert.deepEqual(
    releases.map(({release, what, result}) => [release, what, result]),
    [
      [3, 'deploy', 'done'],
      [2, 'deploy', 'failed'],
      [2, 'deploy', 'failed'],
      [2, 'deploy', 'failed'],
      [1, 'deploy', 'done'],
    ],
  );
  assert.deepEqual(releases[0]?.hosts, ['local']);
});

test('exec runs its words in a serving replica and passes their exit code on', () => {
  assert.equal(must(entrypoint, '--quiet', 'exec', '--', 'printenv', 'PORT'), '3000\n');
  assert.equal(run(entrypoint, ['exec', '--', 'sh', '-c', 'exit 7']).code, 7);
  assert.equal(run(entrypoint, ['exec']).code, 64);
});

test('--plan prints what a deploy would do, and does nothing', () => {
  const made = leftovers();
  const {stdout} = run(entrypoint, ['deploy', '--plan', `--image=${image}`]);
  assert.match(
    stdout,
    new RegExp(
      `^deploy of release 4 of ${name} in local, after release 3: [^]*\\n 2 start +local +start ${name}\\.local\\.4\\.1; await the health of \\S+\\n 3 switch +local +switch to \\S+; drain \\S+\\n 4 finish +local +write the release log; stop ${name}\\.local\\.3\\.1; `,
    ),
  );
  assert.deepEqual(leftovers(), made);
});

test('status reports drift', () => {
  const drift = (): readonly string[] =>
    (JSON.parse(must(entrypoint, '--quiet', '--json', 'status')) as {drift: string[]}).drift;
  assert.deepEqual(drift(), []);
  describe('environment: {LOG_LEVEL: debug}, replicas: 2');
  must('docker', 'stop', `${name}.local.3.1`);
  assert.deepEqual(drift(), [
    `${name}.local.3.1 on local is exited`,
    'local runs 1 replica, deploy.yaml asks for 2',
    'deploy.yaml has changed since release 3 was started on local',
  ]);
  must('docker', 'start', `${name}.local.3.1`);
});

test('integration tests remove everything after success, failure and Ctrl-C', async () => {
  const made = leftovers();
  const words = ['test_integration', `--image=${image}`, '--output=reports'];
  describeTests('{}');
  must(entrypoint, ...words);
  assert.match(
    readFileSync(join(directory, 'reports/test_integration.junit.xml'), 'utf8'),
    /<testcase name="asks the service"[^>]*\/>/,
  );
  assert.deepEqual(leftovers(), made);

  describeTests('{FAIL: "yes"}');
  const failed = run(entrypoint, words);
  assert.equal(failed.code, 1);
  assert.match(failed.stderr, /entrypoint: the integration tests failed[^]*last lines of the log of/);
  assert.match(
    readFileSync(join(directory, 'reports/test_integration.junit.xml'), 'utf8'),
    /<testcase name="asks the service"[^>]*>[^]*<failure/,
  );
  assert.deepEqual(leftovers(), made);

  describeTests('{HOLD: "yes"}');
  const held = start(entrypoint, words);
  await eventually(20, async () => leftovers().some((one) => one.endsWith('.test-integration')), Boolean);
  held.kill('SIGINT');
  assert.equal((await held.ended).code, 130);
  assert.deepEqual(leftovers(), made);
});
