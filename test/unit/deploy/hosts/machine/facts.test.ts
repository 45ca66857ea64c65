import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {createServer} from 'node:net';
import {test} from 'node:test';
import {hostQueryCommand} from '../../../../../src/deploy/hosts/host-query.ts';
import {
  isForeign,
  isTaken,
  noFacts,
  parseFacts,
  placeLines,
  platformLines,
} from '../../../../../src/deploy/hosts/machine/facts.ts';
import {runsPlatform} from '../../../../../src/deploy/hosts/plan/requirements.ts';

const sh = (lines: readonly string[]): string => execFileSync('sh', ['-c', lines.join('\n')], {encoding: 'utf8'});

test('a machine says its platform, where programs listen, and its own addresses', async (t) => {
  if (process.platform !== 'linux') return t.skip('reads files of Linux');
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const {port} = server.address() as {port: number};
  try {
    const query = {
      listen: [
        {address: '127.0.0.1', port},
        {address: '127.0.0.1', port: 1},
      ],
      addresses: ['10.9.9.9'],
    };
    const facts = parseFacts(
      {machine: sh(platformLines), places: sh(placeLines(query)), routes: '', network: undefined},
      query,
    );
    assert.match(facts.platform, /^linux\/(?:amd64|arm64)$/);
    assert.deepEqual(facts.listening, [{address: '127.0.0.1', port}]);
    assert.ok(facts.addresses.includes('127.0.0.1'));
    const all = {address: '0.0.0.0', port};
    assert.deepEqual([isTaken(all, facts), isTaken({...all, address: '10.9.9.9'}, facts)], [true, false]);
    assert.deepEqual([isTaken({...all, port: 1}, facts), isForeign('127.0.0.1', facts)], [false, false]);
    assert.equal(isForeign('10.9.9.9', facts), facts.addresses.length > 0 && !facts.bindsAny);
  } finally {
    server.close();
  }
});

test('the query of a host stays a program that sh accepts, whatever is asked', () => {
  const stack = {service: 'shop', environment: 'prod'};
  for (const balancer of [undefined, 'shop.prod.balancer'])
    for (const facts of [
      undefined,
      {},
      {network: 'theirs', listen: [{address: '0.0.0.0', port: 80}], addresses: ['10.0.0.9']},
      {shared: 'entrypoint.balancer.all'},
    ]) {
      const [program = '', ...words] = hostQueryCommand({stack, balancer, images: ['a:1'], network: true, facts});
      execFileSync(program, ['-n', ...words]);
    }
});

test('a processor runs its older programs, and those that it emulates', () => {
  const amd = {platform: 'linux/amd64', emulated: []};
  assert.deepEqual(
    ['linux/amd64', 'linux/386', 'linux/arm64', 'windows/amd64'].map((platform) => runsPlatform(amd, platform)),
    [true, true, false, false],
  );
  assert.equal(runsPlatform({platform: 'linux/arm64', emulated: []}, 'linux/arm/v7'), true);
  const machine = 'Linux x86_64\n/proc/sys/fs/binfmt_misc/qemu-aarch64 /proc/sys/fs/binfmt_misc/qemu-arm\n';
  const emulating = parseFacts({machine, places: '', routes: '', network: undefined}, {});
  assert.deepEqual(emulating, {...noFacts, platform: 'linux/amd64', emulated: ['linux/arm64', 'linux/arm']});
  assert.equal(runsPlatform(emulating, 'linux/arm64/v8'), true);
  // Without qemu the shell leaves the pattern as it is.
  const plain = parseFacts(
    {machine: 'Linux aarch64\n/proc/sys/fs/binfmt_misc/qemu-*\n', places: '', routes: '', network: undefined},
    {},
  );
  assert.deepEqual([plain.platform, plain.emulated], ['linux/arm64', []]);
  assert.equal(runsPlatform({platform: '', emulated: []}, 'linux/arm64'), true);
});
