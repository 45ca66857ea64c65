import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {after, before, test} from 'node:test';
import {startLoad} from '../integration/images/load.ts';
import {entrypoint, makeTiny} from '../integration/tiny.ts';
import type {Told} from '../integration/tiny.ts';
import {fleetUp} from './fleet.ts';
import type {Fleet} from './fleet.ts';

// Two hosts that have sshd and Docker, and nothing else.

execFileSync(process.execPath, ['images/build.ts', 'node-service', 'haproxy', 'registry'], {cwd: `${import.meta.dirname}/../..`, stdio: ['ignore', 'ignore', 'pipe']});
const up = await fleetUp(`fleet-${randomBytes(4).toString('hex')}`, 2);
const possible = typeof up === 'string' ? {skip: up} : {};
// Nobody asks it for anything where the tests are skipped.
const fleet = up as Fleet;
const tiny = makeTiny();
const {name, run, must, start, write, commit} = tiny;
const secret = `s3cret-${randomBytes(6).toString('hex')}`;

function describe(): void {
  write('deploy.yaml', [
    `service: ${name}`, `registry: ${fleet.registry}`, 'environments:', '  prod:',
    `    hosts: [${fleet.hosts.join(', ')}]`, '    replicas: 2',
    `    load_balancer: {image: '${fleet.registry}/haproxy:3.0', address: 0.0.0.0, port: 8080}`,
    '    secrets: {TOKEN: {env: TINY_TOKEN}}', '',
  ].join('\n'));
}

const environment = (bin = fleet.bin): Record<string, string> => ({PATH: `${bin}:${process.env['PATH'] ?? ''}`, TINY_TOKEN: secret});
const cli = (...words: readonly string[]): Told => run(entrypoint, words, {env: environment()});

function deploy(...words: readonly string[]): Told {
  // deploy.yaml is part of the source, so that a change of it alone wants another image than the one that is there.
  return cli('deploy', 'prod', `--image=${version}`, ...words);
}

let version = '';
const releases = (): number[] => (JSON.parse(cli('--quiet', '--json', 'status', 'prod').stdout) as {hosts: {release: number}[]}).hosts.map(({release}) => release);
const onAll = (command: string): string[] => fleet.hosts.map((host) => fleet.on(host, command).trim());
/** Names of what there is of the service on each host. */
const things = (): string[] => onAll(`docker ps --all --filter label=entrypoint.service_name=${name} --format '{{.Names}} {{.State}}' | sort; docker network ls --filter label=entrypoint.service_name=${name} --format '{{.Name}}'; ls /tmp`);
const addresses = (): string[] => fleet.hosts.map((host) => `http://${fleet.addressOf(host)}:8080/`);

// Below what it uses: in a file that has waited, the runner calls it at once.
before(() => {
  if (typeof up === 'string') return;
  must('docker', 'tag', 'entrypoint/haproxy:3.0', `${fleet.registry}/haproxy:3.0`);
  must('docker', 'push', '--quiet', `${fleet.registry}/haproxy:3.0`);
  must('docker', 'rmi', `${fleet.registry}/haproxy:3.0`);
  describe();
  commit();
  const published = cli('build', 'publish');
  assert.equal(published.code, 0, published.stderr);
});

after(() => {
  if (typeof up !== 'string') up.down();
});

test('a deploy brings the same digest up on every host, and its secret stands nowhere but in the container', possible, () => {
  const {code, stdout, stderr} = cli('--json', 'deploy', 'prod');
  assert.equal(code, 0, stderr);
  version = (JSON.parse(stdout) as {image: string}).image;
  assert.match(version, new RegExp(`^${fleet.registry}/${name}@sha256:`));
  assert.deepEqual(releases(), [1, 1]);
  assert.ok(!(stdout + stderr).includes(secret), 'the secret stands in the output');
  assert.match(stderr, /\{ printf 'TOKEN=%s\\n' "\$TINY_TOKEN"; \} \| ssh /);
  assert.deepEqual(onAll(`docker inspect --format '{{.Image}}' ${name}.prod.1.1 >/dev/null && docker exec ${name}.prod.1.1 printenv TOKEN; ls /tmp`), [secret, secret]);
});

test('redeploys under load lose no request on any host', possible, async () => {
  const load = startLoad(addresses(), 100);
  for (let release = 2; release <= 4; release += 1) {
    // Not to block the load.
    const {code, stderr} = await start(entrypoint, ['deploy', 'prod', `--image=${version}`], environment()).ended;
    assert.equal(code, 0, stderr);
  }
  assert.deepEqual(releases(), [4, 4]);
  const {sent, failures} = await load.stop();
  assert.deepEqual(failures, []);
  assert.ok(sent > 500, `${sent} requests`);
});

test('a deploy that fails on one host leaves the old release on all, and says on which', possible, () => {
  const unchanged = things();
  const next = Math.max(...releases()) + 1;
  const [, second = ''] = fleet.hosts;
  fleet.on(second, `docker create --name ${name}.prod.${next}.2 ${fleet.registry}/haproxy:3.0`);
  try {
    const {code, stderr} = deploy();
    assert.notEqual(code, 0);
    assert.match(stderr, new RegExp(`replica 2 could not be started: .*ssh .*${second}`));
    // What stood in the way was not ours, and is still there.
    assert.equal(fleet.on(second, `docker ps --all --quiet --filter name=^${name}.prod.${next}.2$ | wc -l`).trim(), '0');
  } finally {
    fleet.on(second, `docker rm --force ${name}.prod.${next}.2 2>/dev/null || true`);
  }
  assert.deepEqual(things(), unchanged);
});

test('a host that cannot be reached ends the deploy before anything has changed anywhere', possible, () => {
  const unchanged = things();
  const [, second = ''] = fleet.hosts;
  fleet.outer('pause', second);
  let told: Told;
  try {
    told = deploy();
  } finally {
    fleet.outer('unpause', second);
  }
  assert.equal(told.code, 69);
  assert.match(told.stderr, new RegExp(`entrypoint: ${second} cannot be worked on: it cannot be reached, and deploy\\.yaml names it`));
  assert.deepEqual(things(), unchanged);
  assert.equal(deploy().code, 0);
});

test('the script of a dry run does on the hosts what the deploy does', possible, () => {
  const old = releases();
  const script = cli('--dry-run', 'deploy', 'prod', `--image=${version}`);
  assert.equal(script.code, 0, script.stderr);
  assert.ok(!script.stdout.includes(secret));
  const {code, stderr} = run('sh', [], {input: script.stdout, env: environment()});
  assert.equal(code, 0, stderr);
  assert.deepEqual(releases(), old.map((release) => release + 1));
});

test('rollback goes back on every host', possible, () => {
  const old = releases();
  const {code, stderr} = cli('rollback', 'prod');
  assert.equal(code, 0, stderr);
  assert.deepEqual(releases(), old.map((release) => release - 1));
});

test('each way in which ssh fails is told in words, with what to do', possible, () => {
  const [first = ''] = fleet.hosts;
  const ssh = (...options: readonly string[]): Told => {
    write('.git/ssh', `#!/bin/sh\nexec ${fleet.bin}/ssh ${options.join(' ')} -o ControlPath=none "$@"\n`);
    must('chmod', '+x', '.git/ssh');
    return run(entrypoint, ['status', 'prod'], {env: environment(`${tiny.folder}/.git`)});
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
  const {code, stderr} = cli('remove', 'prod', '--volumes');
  assert.equal(code, 0, stderr);
  assert.deepEqual(things(), ['', '']);
});
