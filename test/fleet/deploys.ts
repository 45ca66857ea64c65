import assert from 'node:assert/strict';
import {chmodSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {failureText} from './load/outcome.ts';
import {entrypoint, type Outcome} from './service.ts';
import {flaws, snapshot, things} from './state.ts';
import type {World} from './world.ts';

/** Deploys without faults, and with errors of their users. */
export function deploys(world: () => World, possible: {skip?: string}, long: {skip?: string}): void {
  const everywhere = (): string[][] => world().fleet.hosts.map((host) => things(world().fleet, world().service, host));
  const releases = (): number[] =>
    (
      JSON.parse(world().service.run('--quiet', '--json', 'status', 'prod').stdout) as {hosts: {release: number}[]}
    ).hosts.map(({release}) => release);

  test(
    'a deploy starts the same digest on every host; its secret appears only in the container',
    possible,
    async () => {
      const {fleet, service, secret, describe, deploy} = world();
      describe();
      const {code, stdout, stderr} = await deploy('A', '--json');
      assert.equal(code, 0, stderr);
      assert.equal((JSON.parse(stdout) as {image: string}).image, service.images.A);
      assert.deepEqual(await flaws(fleet, service, 'A'), []);
      assert.ok(!(stdout + stderr).includes(secret), 'the output contains the secret');
      assert.match(stderr, /\{ printf %s "\$TINY_TOKEN" \| base64 \| tr -d '\\n'; echo; \} \| ssh /);
      for (const host of fleet.hosts)
        assert.equal(fleet.on(host, `docker exec ${service.name}.prod.1.1 printenv TOKEN`).trim(), secret);
    },
  );

  test(
    'deploys under load lose no request, and the old version answers none after a deploy has returned',
    possible,
    async () => {
      const {fleet, service, generator, deploy} = world();
      const load = generator.start({addresses: service.addresses(), perSecond: 100});
      for (const version of ['B', 'A', 'B'] as const) {
        load.expect(undefined);
        const {code, stderr} = await deploy(version);
        assert.equal(code, 0, stderr);
        load.expect(version);
        await sleep(500);
      }
      const outcome = await load.stop();
      assert.equal(failureText(outcome.failures), '');
      assert.deepEqual(outcome.twice, [], 'POSTs that were carried out twice');
      assert.equal(outcome.sent, outcome.answered);
      assert.ok(outcome.sent > 500 && outcome.executed > 20, `${outcome.sent} requests, ${outcome.executed} POSTs`);
      assert.deepEqual(outcome.stale, [], 'answers of the old version after a deploy had returned');
      assert.deepEqual(await flaws(fleet, service, 'B'), []);
    },
  );

  test('a deploy that fails on one host leaves the old release on all, and names the host', possible, async () => {
    const {fleet, service, deploy} = world();
    const unchanged = everywhere();
    const next = Math.max(...releases()) + 1;
    const [, second = ''] = fleet.hosts;
    const inTheWay = `${service.name}.prod.${next}.2`;
    fleet.on(second, `docker create --name ${inTheWay} ${fleet.registry}/haproxy:3.0`);
    try {
      const {code, stderr} = await deploy('A');
      assert.notEqual(code, 0);
      assert.match(stderr, new RegExp(`cannot start release[^]*${second}`));
    } finally {
      fleet.on(second, `docker rm --force ${inTheWay} 2>/dev/null || true`);
    }
    assert.deepEqual(everywhere(), unchanged);
    assert.deepEqual(await flaws(fleet, service, 'B'), []);
  });

  test('Ctrl-C during the wait for health ends it at once', possible, async () => {
    const {fleet, service, describe} = world();
    const unchanged = everywhere();
    describe({environment: {FAULT: 'unhealthy'}, also: ['ready_timeout_seconds: 300']});
    let stopped = 0;
    const {code, stderr} = await service.start(service.deployWords('A'), (line, running) => {
      if (stopped > 0 || !line.includes(' lb start ')) return;
      stopped = 1;
      setTimeout(() => {
        stopped = performance.now();
        running.kill('SIGINT');
      }, 2000);
    }).ended;
    assert.equal(code, 130, stderr);
    assert.match(stderr, /entrypoint: stopped by SIGINT\n$/);
    const seconds = (performance.now() - stopped) / 1000;
    assert.ok(seconds < 20, `it ended ${seconds.toFixed(1)} s after Ctrl-C`);
    describe();
    assert.deepEqual(everywhere(), unchanged);
    assert.deepEqual(await flaws(fleet, service, 'B'), []);
  });

  test('an unreachable host ends the deploy before anything changes anywhere', long, async () => {
    const {fleet, deploy} = world();
    const unchanged = everywhere();
    const [, second = ''] = fleet.hosts;
    fleet.outer('pause', second);
    let result: Outcome;
    try {
      result = await deploy('A');
    } finally {
      fleet.outer('unpause', second);
    }
    assert.equal(result.code, 69);
    assert.match(result.stderr, new RegExp(`entrypoint: cannot reach ${second} \\(listed in deploy\\.yaml\\)`));
    assert.deepEqual(everywhere(), unchanged);
    const {code, stderr} = await deploy('A');
    assert.equal(code, 0, stderr);
  });

  test('the script of a dry run, run by sh, ends in the same state as the deploy', possible, async () => {
    const {fleet, service, secret, settle, deploy} = world();
    const state = (): string[] => fleet.hosts.map((host) => snapshot(fleet, service, host));
    await settle('B');
    const deployed = state();
    await settle('A');
    const old = releases();
    const script = await deploy('B', '--dry-run');
    assert.equal(script.code, 0, script.stderr);
    assert.ok(!script.stdout.includes(secret));
    const {code, stderr} = service.shell('sh', [], script.stdout);
    assert.equal(code, 0, stderr);
    assert.deepEqual(
      releases(),
      old.map((release) => release + 1),
    );
    assert.deepEqual(await flaws(fleet, service, 'B'), []);
    assert.deepEqual(state(), deployed);
  });

  test('rollback returns every host to the previous release', possible, async () => {
    const {fleet, service} = world();
    const old = releases();
    const {code, stderr} = service.run('rollback', 'prod');
    assert.equal(code, 0, stderr);
    assert.deepEqual(
      releases(),
      old.map((release) => release - 1),
    );
    assert.deepEqual(await flaws(fleet, service, 'A'), []);
  });

  test('each failure of ssh has a message and a fix', possible, () => {
    const {fleet, service} = world();
    const [first = ''] = fleet.hosts;
    const ssh = (...options: readonly string[]): Outcome => {
      const bin = join(service.directory, '.git');
      writeFileSync(
        join(bin, 'ssh'),
        `#!/bin/sh\nexec ${fleet.bin}/ssh ${options.join(' ')} -o ControlPath=none "$@"\n`,
      );
      chmodSync(join(bin, 'ssh'), 0o755);
      return service.shell('env', [
        `PATH=${bin}:${fleet.environment['PATH']}`,
        entrypoint,
        ...service.deployWords('A'),
      ]);
    };
    const ways: readonly (readonly [options: readonly string[], what: RegExp])[] = [
      [
        ['-o', 'UserKnownHostsFile=/dev/null'],
        /the host key of HOST is unknown \(listed in deploy\.yaml\)[^]*fix: check it and accept it once: ssh /,
      ],
      [
        ['-o', 'PubkeyAuthentication=no'],
        /cannot log in to HOST \(listed in deploy\.yaml\)[^]*fix: add your key there \(ssh-copy-id /,
      ],
      [['-o', 'Port=1'], /nothing listens on the ssh port of HOST \(listed in deploy\.yaml\)[^]*fix: start sshd there/],
      [
        ['-o', 'HostName=no-such-host.invalid'],
        /cannot resolve the name of HOST \(listed in deploy\.yaml\)[^]*fix: correct `hosts` in deploy\.yaml/,
      ],
    ];
    for (const [options, what] of ways) {
      const {code, stderr} = ssh(...options);
      assert.equal(code, 69, stderr);
      assert.match(stderr, new RegExp(`entrypoint: ${what.source.replace('HOST', first)}`));
    }
  });

  test('remove leaves nothing on any host', possible, () => {
    const {fleet, service} = world();
    const {code, stderr} = service.run('remove', 'prod', '--volumes');
    assert.equal(code, 0, stderr);
    assert.deepEqual(
      everywhere(),
      fleet.hosts.map(() => []),
    );
  });
}
