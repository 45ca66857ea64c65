import assert from 'node:assert/strict';
import {readdirSync, readFileSync} from 'node:fs';
import {type AddressInfo, createServer, type Server} from 'node:net';
import {after, before, test} from 'node:test';
import {all, long} from '../support/long.ts';
import {startBlackHole} from '../support/receivers/black-hole.ts';
import {type Hec, startHec} from '../support/receivers/hec.ts';
import type {Outcome} from '../support/service.ts';
import {until} from '../support/until.ts';
import {entrypoint, makeTiny} from './tiny.ts';

// Log drivers with an endpoint on this machine, whose network the engine has.

const {name, must, start, write, describe, commit, leftovers} = makeTiny();
let image = '';

before(() => {
  commit();
  image = (JSON.parse(must(entrypoint, '--quiet', '--json', 'build')) as {image: string}).image;
});

const deploy = (...words: readonly string[]): Promise<Outcome> =>
  start(entrypoint, [...words, 'deploy', `--image=${image}`], {SPLUNK_TOKEN: token}).ended;
const token = '176FCEBF-4CF5-4EDF-"91BC"-\\703796522D20';

/** Every command line of this machine, read again and again while `body` runs. */
async function commandLinesDuring<T>(body: () => Promise<T>): Promise<{readonly result: T; readonly lines: string}> {
  const seen = new Set<string>();
  const look = (): void => {
    for (const pid of readdirSync('/proc').filter((one) => /^\d+$/.test(one)))
      try {
        seen.add(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
      } catch {
        // It has ended.
      }
  };
  const timer = setInterval(look, 2);
  const result = await body().finally(() => clearInterval(timer));
  return {result, lines: [...seen].join('\n')};
}

/** Milliseconds that a deploy takes which has to fail before anything changes. */
async function refused(settings: string, says: RegExp): Promise<void> {
  const made = leftovers();
  describe(settings);
  const began = Date.now();
  const {code, stderr} = await deploy();
  const seconds = (Date.now() - began) / 1000;
  assert.notEqual(code, 0, stderr);
  assert.match(stderr, says);
  assert.ok(seconds < 15, `${seconds} s\n${stderr}`);
  assert.deepEqual(leftovers(), made);
}

const drops = /\n {2}log endpoint 127\.0\.0\.1:\d+ does not answer within 5 s/;

const closedPort = async (): Promise<number> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const {port} = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
};

/** Its lines are accepted, and the script of a dry run deploys the same without the token in it. */
async function arrives(hec: Hec): Promise<void> {
  await until('its lines are in Splunk', () => hec.events.some(({event}) => String(event).includes('"pid"')), 15);
  assert.deepEqual(hec.refused, []);
  const script = await deploy('--dry-run');
  assert.equal(script.code, 0, script.stderr);
  assert.doesNotMatch(script.stdout, /703796522D20/);
  write('.git/script', script.stdout);
  const again = await start('sh', ['.git/script'], {SPLUNK_TOKEN: token}).ended;
  assert.equal(again.code, 0, again.stderr);
}

test('a token by reference reaches Splunk, and is in no command, output, script or label', async () => {
  const hec = await startHec({token, address: '127.0.0.1'});
  after(hec.close);
  describe(
    `log: {driver: splunk, options: {splunk-url: 'http://127.0.0.1:${hec.port}', splunk-format: raw, tag: ''}, secrets: {splunk-token: {env: SPLUNK_TOKEN}}}, docker_options: [--volume, '/tmp/any', --label, 'odd=a "b" \\ c']`,
  );
  const {result: ended, lines} = await commandLinesDuring(deploy);
  assert.equal(ended.code, 0, ended.stderr);
  assert.ok(lines.includes('dial-stdio') && !lines.includes('703796522D20'), 'the token is a word of a command');
  assert.doesNotMatch(ended.stdout + ended.stderr, /703796522D20/);
  assert.match(ended.stderr, /ENTRYPOINT_LOG_SECRET_1="\$SPLUNK_TOKEN" sh -c/);
  const container = `${name}.local.1.1`;
  const inspect = (format: string): string => must('docker', 'inspect', '--format', format, container).trim();
  assert.equal(inspect('{{index .HostConfig.LogConfig.Config "splunk-token"}}'), token);
  assert.doesNotMatch(inspect('{{json .Config}}'), /703796522D20|entrypoint-secret/);
  assert.deepEqual(
    [
      inspect('{{.Config.Labels.odd}}'),
      inspect('{{eq .Config.Hostname (slice .Id 0 12)}}'),
      inspect('{{.HostConfig.RestartPolicy.Name}}'),
    ],
    ['a "b" \\ c', 'true', 'always'],
  );
  if (all) await arrives(hec);
  // Neither the containers from which settings are read nor those that test the driver stay.
  assert.deepEqual(
    must('docker', 'ps', '--all', '--filter', `label=entrypoint.service_name=${name}`, '--format', '{{.State}}')
      .trim()
      .split('\n')
      .filter((state) => state === 'created'),
    [],
  );
  // While the collector runs: Splunk's driver tries for 30 s to send its last lines.
  describe();
  assert.equal((await deploy()).code, 0);
});

test('an endpoint that drops packets: the deploy is refused within 15 s, and nothing is left', async () => {
  const hole = await startBlackHole();
  after(hole.close);
  await refused(`log: {driver: gelf, options: {gelf-address: 'tcp://127.0.0.1:${hole.port}'}}`, drops);
});

test('an endpoint that refuses connections: the deploy is refused with its line', long, async () => {
  const closed = await closedPort();
  const down =
    /cannot start a container with the log driver \S+ on local; nothing has changed: [^]*\n {2}log endpoint 127\.0\.0\.1:\d+ is down: connect ECONNREFUSED[^]*\nfix: start the log endpoint, correct `log` \(deploy\.yaml:2\), or add log\.fallback/;
  await refused(`log: {driver: syslog, options: {syslog-address: 'tcp://127.0.0.1:${closed}'}}`, down);
});

test('an endpoint that accepts connections and never answers is refused as well', long, async () => {
  const silent = await startHec({token, address: '127.0.0.1'});
  after(silent.close);
  silent.silent = true;
  await refused(
    `log: {driver: splunk, options: {splunk-url: 'http://127.0.0.1:${silent.port}'}, secrets: {splunk-token: {env: SPLUNK_TOKEN}}}`,
    drops,
  );
});

const drift = (): readonly string[] =>
  (JSON.parse(must(entrypoint, '--quiet', '--json', 'status')) as {drift: string[]}).drift;
const settings = (port: number): string =>
  `replicas: 2, log: {driver: syslog, options: {syslog-address: 'tcp://127.0.0.1:${port}'}, fallback: {driver: local, options: {max-size: 1m}}, reader: {command: [cat, .git/sink]}}`;

test('with a fallback, a release starts with it, says so, and status shows it as drift', async () => {
  const hole = await startBlackHole();
  after(hole.close);
  describe(settings(hole.port));
  const began = Date.now();
  const {code, stderr} = await deploy();
  assert.equal(code, 0, stderr);
  assert.ok(Date.now() - began < 40_000, stderr);
  for (const replica of [1, 2])
    assert.match(
      stderr,
      new RegExp(
        `warning: ${name}\\.local\\.\\d+\\.${replica} logs to local in place of syslog: log endpoint 127\\.0\\.0\\.1:\\d+ does not answer within 5 s`,
      ),
    );
  hole.close();
  assert.match(
    drift().toSorted()[0] ?? '',
    /^\S+\.1 on local logs to its fallback: the endpoint of syslog was down when it started; the next deploy tries again$/,
  );
  assert.equal(drift().length, 2);
});

test(
  'the next deploy finds the endpoint; a check counts what arrives there, and fails when it is gone',
  long,
  async () => {
    const received: string[] = [];
    const server: Server = createServer((socket) =>
      socket.on('data', (chunk) => received.push(chunk.toString())).on('error', () => {}),
    );
    after(() => server.close());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    describe(settings((server.address() as AddressInfo).port));
    const next = await deploy();
    assert.equal(next.code, 0, next.stderr);
    assert.doesNotMatch(next.stderr, /^# warning: \S+ logs to/m);
    assert.deepEqual(drift(), []);
    await until('lines arrive', () => received.join('').includes('"event"'), 10);
    assert.equal(must('docker', 'ps', '--all', '--filter', `name=${name}.local.log-check`, '--quiet'), '');

    const sink = setInterval(() => write('.git/sink', received.join('')), 100);
    after(() => clearInterval(sink));
    const measured = await start(entrypoint, [
      '--quiet',
      '--json',
      'logs',
      'check',
      'local',
      '--measure',
      '--lines=3000',
    ]).ended;
    assert.equal(measured.code, 0, measured.stderr);
    const {endpoint, hosts} = JSON.parse(measured.stdout) as {
      endpoint: string;
      hosts: {measured: {delivery: object}}[];
    };
    assert.match(endpoint, /^tcp:\/\/127\.0\.0\.1:\d+$/);
    assert.deepEqual(hosts[0]?.measured.delivery, {
      delivered: 3000,
      lost: [],
      lostLines: 0,
      reordered: 0,
      duplicated: 0,
    });
    server.close();
    const {code: down, stderr: why} = await start(entrypoint, ['logs', 'check', 'local']).ended;
    assert.equal(down, 69, why);
    assert.match(
      why,
      /no container of \S+ in local can start with the log driver syslog on local\n {2}local: log endpoint 127\.0\.0\.1:\d+ is down: connect ECONNREFUSED \S+\nfix: /,
    );
  },
);
