import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {chmodSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {makeCrew} from './crew.ts';
import type {Crew, Told, Version} from './crew.ts';
import {fleetUp} from './fleet.ts';
import type {Fleet} from './fleet.ts';
import {failureText} from './load/outcome.ts';
import {startGenerator} from './load/load.ts';
import type {Generator} from './load/load.ts';
import {flaws, things} from './state.ts';

// Three hosts that have sshd and Docker, and nothing else.

execFileSync(process.execPath, ['images/build.ts', 'node-service', 'haproxy', 'registry'], {cwd: `${import.meta.dirname}/../..`, stdio: ['ignore', 'ignore', 'pipe']});
const up = await fleetUp(`fleet-${randomBytes(4).toString('hex')}`, {hosts: 3});
const possible = typeof up === 'string' ? {skip: up} : {};
// Nobody asks it for anything where the tests are skipped.
const fleet = up as Fleet;
let generator: Generator;
let crew: Crew;
const undo: (() => void)[] = [];
const secret = `s3cret-${randomBytes(6).toString('hex')}`;
const asking = {TINY_TOKEN: secret};

const well = {also: ['secrets: {TOKEN: {env: TINY_TOKEN}}']};
const everywhere = (): string[][] => fleet.hosts.map((host) => things(fleet, crew, host));
const releases = (): number[] => (JSON.parse(crew.run('--quiet', '--json', 'status', 'prod').stdout) as {hosts: {release: number}[]}).hosts.map(({release}) => release);
/** Does not block this process. */
const deploy = (version: Version, ...words: readonly string[]): Promise<Told> => crew.start([...words, ...crew.deployWords(version)], undefined, asking).ended;

// Below what it uses: in a file that has waited, the runner calls it at once.
before(async () => {
  if (typeof up === 'string') return;
  undo.push(up.down);
  generator = await startGenerator();
  undo.push(generator.end);
  crew = makeCrew(fleet, `${fleet.gateway}:${generator.port}`);
  undo.push(crew.remove);
  crew.describe(well);
});

after(() => {
  for (const step of undo.toReversed()) step();
});

test('a deploy brings the same digest up on every host, and its secret stands nowhere but in the container', possible, async () => {
  const {code, stdout, stderr} = await deploy('A', '--json');
  assert.equal(code, 0, stderr);
  assert.equal((JSON.parse(stdout) as {image: string}).image, crew.images.A);
  assert.deepEqual(await flaws(fleet, crew, 'A'), []);
  assert.ok(!(stdout + stderr).includes(secret), 'the secret stands in the output');
  assert.match(stderr, /\{ printf 'TOKEN=%s\\n' "\$TINY_TOKEN"; \} \| ssh /);
  for (const host of fleet.hosts) assert.equal(fleet.on(host, `docker exec ${crew.name}.prod.1.1 printenv TOKEN`).trim(), secret);
});

test('deploys under load lose no request, and the old version answers none once a deploy has returned', possible, async () => {
  const load = generator.start({addresses: crew.addresses, perSecond: 100});
  const returned: Record<string, number> = {};
  for (const version of ['B', 'A', 'B'] as const) {
    const {code, stderr} = await deploy(version);
    assert.equal(code, 0, stderr);
    returned[version === 'A' ? 'B' : 'A'] = Date.now();
  }
  const outcome = await load.stop();
  assert.equal(failureText(outcome.failures), '');
  assert.deepEqual(outcome.twice, [], 'POSTs that were carried out twice');
  assert.equal(outcome.sent, outcome.answered);
  assert.ok(outcome.sent > 500 && outcome.executed > 20, `${outcome.sent} requests, ${outcome.executed} POSTs`);
  assert.ok((outcome.versions['A']?.lastAnsweredAt ?? 0) < (returned['A'] ?? 0), 'A answered after the deploy of B had returned');
  assert.deepEqual(await flaws(fleet, crew, 'B'), []);
});

test('a deploy that fails on one host leaves the old release on all, and says on which', possible, async () => {
  const unchanged = everywhere();
  const next = Math.max(...releases()) + 1;
  const [, second = ''] = fleet.hosts;
  const inTheWay = `${crew.name}.prod.${next}.2`;
  fleet.on(second, `docker create --name ${inTheWay} ${fleet.registry}/haproxy:3.0`);
  try {
    const {code, stderr} = await deploy('A');
    assert.notEqual(code, 0);
    assert.match(stderr, new RegExp(`could not be started: [^]*ssh .*${second}`));
  } finally {
    fleet.on(second, `docker rm --force ${inTheWay} 2>/dev/null || true`);
  }
  assert.deepEqual(everywhere(), unchanged);
  assert.deepEqual(await flaws(fleet, crew, 'B'), []);
});

test('a host that cannot be reached ends the deploy before anything has changed anywhere', possible, async () => {
  const unchanged = everywhere();
  const [, second = ''] = fleet.hosts;
  fleet.outer('pause', second);
  let told: Told;
  try {
    told = await deploy('A');
  } finally {
    fleet.outer('unpause', second);
  }
  assert.equal(told.code, 69);
  assert.match(told.stderr, new RegExp(`entrypoint: ${second} cannot be worked on: it cannot be reached, and deploy\\.yaml names it`));
  assert.deepEqual(everywhere(), unchanged);
  const {code, stderr} = await deploy('A');
  assert.equal(code, 0, stderr);
});

test('the script of a dry run, run by sh, ends in the state that the deploy ends in', possible, async () => {
  const old = releases();
  const script = await deploy('B', '--dry-run');
  assert.equal(script.code, 0, script.stderr);
  assert.ok(!script.stdout.includes(secret));
  const {code, stderr} = crew.shell('env', [`TINY_TOKEN=${secret}`, 'sh'], script.stdout);
  assert.equal(code, 0, stderr);
  assert.deepEqual(releases(), old.map((release) => release + 1));
  assert.deepEqual(await flaws(fleet, crew, 'B'), []);
});

test('rollback goes back on every host', possible, async () => {
  const old = releases();
  const {code, stderr} = crew.run('rollback', 'prod');
  assert.equal(code, 0, stderr);
  assert.deepEqual(releases(), old.map((release) => release - 1));
  assert.deepEqual(await flaws(fleet, crew, 'A'), []);
});

test('each way in which ssh fails is told in words, with what to do', possible, () => {
  const [first = ''] = fleet.hosts;
  const ssh = (...options: readonly string[]): Told => {
    const bin = join(crew.folder, '.git');
    writeFileSync(join(bin, 'ssh'), `#!/bin/sh\nexec ${fleet.bin}/ssh ${options.join(' ')} -o ControlPath=none "$@"\n`);
    chmodSync(join(bin, 'ssh'), 0o755);
    return crew.shell('env', [`PATH=${bin}:${fleet.environment['PATH']}`, `${import.meta.dirname}/../../bin/entrypoint`, 'status', 'prod']);
  };
  const ways: readonly (readonly [options: readonly string[], what: RegExp])[] = [
    [['-o', 'UserKnownHostsFile=/dev/null'], /its host key is not known[^]*fix: look at it and accept it once: ssh /],
    [['-o', 'PubkeyAuthentication=no'], /it refuses the login[^]*fix: add your key there \(ssh-copy-id /],
    [['-o', 'Port=1'], /nothing listens at its ssh port[^]*fix: start sshd there/],
    [['-o', 'HostName=no-such-host.invalid'], /its name is not known[^]*fix: correct `hosts` in deploy\.yaml/],
  ];
  for (const [options, what] of ways) {
    const {code, stderr} = ssh(...options);
    assert.equal(code, 69, stderr);
    assert.match(stderr, new RegExp(`entrypoint: ${first} cannot be worked on: ${what.source}`));
  }
});

test('remove leaves nothing on any host', possible, () => {
  const {code, stderr} = crew.run('remove', 'prod', '--volumes');
  assert.equal(code, 0, stderr);
  assert.deepEqual(everywhere(), fleet.hosts.map(() => []));
});
