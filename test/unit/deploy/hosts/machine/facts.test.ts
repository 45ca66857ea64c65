import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {test} from 'node:test';
import {hostQueryCommand} from '../../../../../src/deploy/hosts/host-query.ts';
import {
  bridgeLines,
  type MachineFacts,
  networkLines,
  noFacts,
  parseFacts,
  platformLines,
} from '../../../../../src/deploy/hosts/machine/facts.ts';
import {runsPlatform} from '../../../../../src/deploy/hosts/plan/requirements.ts';

const sh = (lines: readonly string[]): string => execFileSync('sh', ['-c', lines.join('\n')], {encoding: 'utf8'});

test('a machine says its platform', (t) => {
  if (process.platform !== 'linux') return t.skip('reads files of Linux');
  const facts = parseFacts({machine: sh(platformLines), places: '', routes: '', network: undefined}, {});
  assert.match(facts.platform, /^linux\/(?:amd64|arm64)$/);
});

const said = (line: string): boolean | undefined =>
  parseFacts({machine: `Linux x86_64\n-\n${line}`, places: '', routes: '', network: undefined}, {}).reachesIPv6;

test('a machine says whether docker’s default network has IPv6, where that network is its own', () => {
  assert.deepEqual(['bridge 6', 'bridge 4', ''].map(said), [true, false, undefined]);
  assert.match(sh(bridgeLines), /^(?:bridge [46]\n)?$/);
});

/** Runs the lines that look for a network with a docker that gives these answers. */
function networkOf(answers: Readonly<Record<string, string>>): MachineFacts['network'] {
  const docker = `docker() { case "$*" in ${Object.entries(answers)
    .map(([words, answer]) => `${words}*) echo '${answer}' ;;`)
    .join(' ')} esac; }`;
  const network = sh([docker, ...networkLines('theirs')]);
  return parseFacts({machine: '', places: '', routes: '', network}, {network: 'theirs'}).network;
}

test('a network is one that containers can join and publish ports on, or says why not', () => {
  const listed = (line: string): string => networkOf({'network\\ ls': line, info: 'swarm inactive'});
  assert.equal(listed('theirs false bridge'), 'found');
  assert.equal(listed('theirs true bridge'), 'internal');
  assert.deepEqual(
    ['macvlan', 'ipvlan', 'host', 'null'].map((driver) => listed(`theirs false ${driver}`)),
    ['driver', 'driver', 'driver', 'driver'],
  );
  const overlay = {'network\\ ls': 'theirs false overlay'};
  assert.equal(networkOf({...overlay, 'network\\ inspect': 'false'}), 'swarm');
  assert.equal(networkOf({...overlay, 'network\\ inspect': 'true'}), 'found');
  // A plug-in's own driver is not known, and not refused.
  assert.equal(listed('theirs false weave'), 'found');
});

test('a network that is not listed is missing, except on a member of a swarm, which can join more than it lists', () => {
  assert.equal(networkOf({info: 'swarm inactive'}), 'missing');
  assert.equal(networkOf({info: 'swarm active'}), '');
});

test('the query of a host stays a program that sh accepts, whatever is asked', () => {
  const stack = {service: 'shop', environment: 'prod'};
  for (const balancer of [undefined, 'shop.prod.balancer'])
    for (const facts of [
      undefined,
      {},
      {network: 'theirs', listen: [{address: '0.0.0.0', port: 80}], addresses: ['10.0.0.9']},
      {listen: [{address: '::', port: 80}], addresses: ['2001:db8::9'], own: true, reaches: true},
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
