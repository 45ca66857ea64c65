import assert from 'node:assert/strict';
import {request} from 'node:http';
import {before, test} from 'node:test';
import {entrypoint, makeTiny} from './tiny.ts';

const {name, run, must, describe, commit} = makeTiny();
describe('replicas: 2');

/** Sends `count` requests, and returns how many each release got. */
async function shares(count: number, headers: Readonly<Record<string, string>> = {}): Promise<Record<string, number>> {
  const earlier = requests();
  const port = Number(must('docker', 'port', `${name}.local.balancer`, '8080/tcp').trim().split(':').at(-1));
  for (let index = 0; index < count; index += 1) {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      request(
        {port, agent: false, headers},
        (response) => void response.resume().once('end', () => resolve(response.statusCode)),
      )
        .once('error', reject)
        .end();
    });
    assert.equal(status, 200);
  }
  const now = requests();
  return Object.fromEntries(
    Object.keys(now)
      .map((letter) => [letter, (now[letter] ?? 0) - (earlier[letter] ?? 0)])
      .filter(([, got]) => got !== 0),
  );
}

/** Requests by the letter of the slots (a: blue, b: green), since the start of each. */
function requests(): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [, letter = '', got] of must(
    'docker',
    'exec',
    `${name}.local.balancer`,
    'lb',
    'counts',
    `${name}.local`,
  ).matchAll(/([ab]) requests=(\d+)/g)) {
    sums[letter] = (sums[letter] ?? 0) + Number(got);
  }
  return sums;
}

const running = (): string[] =>
  must(
    'docker',
    'ps',
    '--filter',
    `label=entrypoint.service_name=${name}`,
    '--filter',
    'label=entrypoint.role=app',
    '--format',
    '{{.Names}}',
  )
    .trim()
    .split('\n')
    .toSorted();

before(() => {
  commit();
  must(entrypoint, 'build', 'deploy', 'local');
});

test('a canary gets its share and the requests that ask for it; another deploy is rejected meanwhile', async () => {
  must(entrypoint, 'deploy', 'local', '--canary=20%');
  const {a: one = 0, b: two = 0} = await shares(50);
  assert.deepEqual(
    [one, two].toSorted((x, y) => x - y),
    [10, 40],
  );
  const [old, fresh] = one > two ? ['a', 'b'] : ['b', 'a'];
  assert.deepEqual(await shares(6, {'x-canary': 'always'}), {[fresh]: 6});
  assert.deepEqual(await shares(6, {cookie: 'canary=never'}), {[old]: 6});
  const {code, stderr} = run(entrypoint, ['deploy', 'local']);
  assert.notEqual(code, 0);
  assert.match(stderr, /a canary is running: release 2 of \S+ gets 20 % of the requests in local/);
});

test('--abort removes the new release, and --continue gives it all requests', async () => {
  must(entrypoint, 'deploy', 'local', '--abort');
  assert.deepEqual(running(), [`${name}.local.1.1`, `${name}.local.1.2`]);
  assert.equal(Object.keys(await shares(10, {'x-canary': 'always'})).length, 1);
  must(entrypoint, 'deploy', 'local', '--canary=50%');
  must(entrypoint, 'deploy', 'local', '--continue');
  assert.equal(running().length, 2);
  assert.ok(
    running().every((container) => !container.startsWith(`${name}.local.1.`)),
    running().join(),
  );
  assert.equal(Object.keys(await shares(10, {'x-canary': 'never'})).length, 1);
  must(entrypoint, 'rollback', 'local');
  assert.deepEqual(running(), [`${name}.local.1.1`, `${name}.local.1.2`]);
});
