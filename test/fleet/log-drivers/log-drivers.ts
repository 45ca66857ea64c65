import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {existsSync} from 'node:fs';
import {test} from 'node:test';
import {certificateFile} from '../../../src/image/docker.ts';
import {startHec} from '../../support/receivers/hec.ts';
import {until} from '../../support/until.ts';
import {flaws, things} from '../state.ts';
import type {World} from '../world.ts';

const image = 'entrypoint-test/rsyslog:trixie';

function buildImage(): void {
  const ca = certificateFile(process.env);
  execFileSync(
    existsSync('/usr/bin/docker') ? '/usr/bin/docker' : 'docker',
    [
      'build',
      '--quiet',
      '--tag',
      image,
      ...(ca === undefined ? [] : ['--secret', `id=ca,src=${ca}`]),
      import.meta.dirname,
    ],
    {stdio: ['ignore', 'ignore', 'pipe'], env: {...process.env, DOCKER_BUILDKIT: '1'}},
  );
}

/** Debian's rsyslog beside the hosts. */
function startSyslog({fleet}: World): {
  readonly address: string;
  readonly name: string;
  stop: () => void;
} {
  buildImage();
  const name = `${fleet.name}-syslog`;
  fleet.outer(
    'run',
    '--detach',
    '--name',
    name,
    '--label',
    `entrypoint.test=${fleet.name}`,
    '--network',
    fleet.name,
    image,
  );
  const address = fleet
    .outer('inspect', '--format', '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}', name)
    .trim();
  return {
    address,
    name,
    stop: () => void fleet.outer('rm', '--force', '--volumes', name),
  };
}

/** Containers that were created and never started, on any host. */
const created = ({fleet, service}: World): readonly string[] =>
  fleet.hosts.flatMap((host) => things(fleet, service, host).filter((line) => line.endsWith(' created')));

interface HostCheck {
  readonly starts: boolean;
  readonly reason: string;
  readonly measured: null | {
    readonly delivery: null | {
      readonly delivered: number;
      readonly lostLines: number;
      readonly reordered: number;
      readonly duplicated: number;
    };
  };
}

/** Log drivers whose endpoints hosts reach over the network. test/integration/log-drivers.test.ts has those of this machine. */
export function logDrivers(world: () => World, long: {skip?: string}): void {
  test(
    'rsyslog over TCP: what a check sends arrives complete and in order from every host; over UDP, it counts what did not',
    long,
    async () => {
      const {describe, deploy, service, fleet} = world();
      const syslog = startSyslog(world());
      try {
        const check = (): readonly HostCheck[] => {
          const {code, stdout, stderr} = service.run(
            '--quiet',
            '--json',
            'logs',
            'check',
            'prod',
            '--measure',
            '--lines=5000',
          );
          assert.equal(code, 0, stderr);
          return (JSON.parse(stdout) as {hosts: HostCheck[]}).hosts;
        };
        const log = (scheme: string): string =>
          `log: {driver: syslog, options: {syslog-address: '${scheme}://${syslog.address}', syslog-format: rfc5424}, reader: {command: [docker, exec, ${syslog.name}, cat, /var/log/all.log]}}`;
        describe({also: [log('tcp')]});
        const {code, stderr} = await deploy('A');
        assert.equal(code, 0, stderr);
        assert.match(
          stderr,
          /warning: deploy\.yaml:\d+: while tcp:\/\/[\d.]+:514 is down, docker starts no container with the log driver syslog/,
        );
        const tcp = check();
        assert.equal(tcp.length, fleet.hosts.length);
        for (const {measured} of tcp)
          assert.deepEqual(measured?.delivery, {delivered: 5000, lost: [], lostLines: 0, reordered: 0, duplicated: 0});
        describe({also: [log('udp')]});
        for (const {measured} of check())
          assert.equal((measured?.delivery?.delivered ?? 0) + (measured?.delivery?.lostLines ?? 0), 5000);
      } finally {
        syslog.stop();
      }
    },
  );

  test(
    'one host whose packets to the log endpoint are dropped: refused within 15 s of the first start; with a fallback, only that host has it',
    long,
    async () => {
      const {describe, deploy, settle, service, fleet} = world();
      await settle('A');
      const syslog = startSyslog(world());
      const [cut = '', ...others] = fleet.hosts;
      fleet.outer('exec', cut, 'iptables', '-I', 'OUTPUT', '-d', syslog.address, '-j', 'DROP');
      try {
        const log = `log: {driver: syslog, options: {syslog-address: 'tcp://${syslog.address}:514'}`;
        describe({also: [`${log}}`]});
        const before = fleet.hosts.map((host) => things(fleet, service, host));
        const began = Date.now();
        const refused = await deploy('B');
        assert.notEqual(refused.code, 0);
        assert.ok(Date.now() - began < 25_000, `${Date.now() - began} ms`);
        assert.match(
          refused.stderr,
          /cannot start a container with the log driver syslog on \S+-h1; nothing has changed[^]*log endpoint [\d.]+:514 does not answer within 5 s/,
        );
        assert.deepEqual(
          fleet.hosts.map((host) => things(fleet, service, host)),
          before,
        );

        describe({also: [`${log}, fallback: {driver: local}}`]});
        const {code, stderr} = await deploy('B');
        assert.equal(code, 0, stderr);
        assert.match(stderr, new RegExp(`${cut}: warning: \\S+\\.1 logs to local in place of syslog: log endpoint`));
        const drivers = (host: string): string =>
          fleet.on(
            host,
            `docker ps --quiet --filter label=entrypoint.role=app | xargs docker inspect --format '{{.HostConfig.LogConfig.Type}}'`,
          );
        assert.match(drivers(cut), /^(?:local\n)+$/);
        for (const host of others) assert.match(drivers(host), /^(?:syslog\n)+$/);
        assert.deepEqual(created(world()), []);
        const status = service.run('status', 'prod');
        assert.match(
          status.stdout,
          new RegExp(`drift: \\S+ on ${cut} logs to its fallback: the endpoint of syslog was down`),
        );
        for (const host of others) assert.doesNotMatch(status.stdout, new RegExp(`on ${host} logs to its fallback`));
      } finally {
        fleet.outer('exec', cut, 'iptables', '-D', 'OUTPUT', '-d', syslog.address, '-j', 'DROP');
        syslog.stop();
      }
      await settle('B');
      assert.deepEqual(await flaws(fleet, service, 'B'), []);
    },
  );

  test('a token goes to Splunk from every host, and no file or process of a host has it', long, async () => {
    const {describe, deploy, secret, service, fleet} = world();
    const hec = await startHec({token: secret});
    try {
      describe({
        also: [
          `log: {driver: splunk, options: {splunk-url: 'http://${fleet.gateway}:${hec.port}'}, secrets: {splunk-token: {env: TINY_TOKEN}}}`,
        ],
      });
      const {code, stdout, stderr} = await deploy('A');
      assert.equal(code, 0, stderr);
      assert.ok(!(stdout + stderr).includes(secret), stderr);
      await until(
        'events of all hosts',
        () => new Set(hec.events.map((one) => (one as {host?: string}).host)).size === fleet.hosts.length,
        20,
      );
      assert.deepEqual(hec.refused, []);
      for (const host of fleet.hosts)
        assert.equal(
          fleet
            .on(
              host,
              `grep -alF '${secret}' /proc/[0-9]*/cmdline /tmp/* 2>/dev/null | grep -v "/proc/$$/" | grep -v "^/proc/$PPID/" || :`,
            )
            .includes('/tmp'),
          false,
        );
      assert.deepEqual(await flaws(fleet, service, 'A'), []);
    } finally {
      await hec.close();
    }
  });
}
