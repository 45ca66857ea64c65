import assert from 'node:assert/strict';
import {statSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {dockerBuild} from '../../../src/commands/docker/index.ts';
import {certificateFile, findDockerClient} from '../../../src/image/docker.ts';
import {noEcho, systemRunner} from '../../../src/shell/index.ts';
import {docker, must} from '../../support/docker.ts';
import {long} from '../../support/long.ts';
import {eventually} from '../../support/until.ts';
import {buildImages, makePlace} from './containers.ts';

buildImages('base');
const place = makePlace();
const image = 'entrypoint/base:26';
const socket = '/var/run/docker.sock';
const nowhere = (): void => {};
const run = systemRunner({
  cwd: join(import.meta.dirname, '../../..'),
  env: process.env,
  echo: noEcho,
  stdout: nowhere,
  stderr: nowhere,
});
const client = await findDockerClient({run, env: process.env});
const ca = certificateFile(process.env);

/** The output of a container that runs `words` under start-as-webuser and the init. */
const inside = (options: readonly string[], ...words: string[]): Promise<string> =>
  must([
    'run',
    '--rm',
    '--network',
    'none',
    ...options,
    '--entrypoint',
    'start-as-webuser',
    image,
    'tini',
    '--',
    ...words,
  ]);

test('without words the image lists the tasks', async () => {
  assert.match(await must(['run', '--rm', '--network', 'none', image]), /^lifecycle:\n  static_analysis +\S.*\n/);
});

test('root becomes webuser, with its home, no extra group and no capability', async () => {
  const shown = await inside(
    [],
    'sh',
    '-c',
    'id; echo $HOME; touch $HOME/x; grep -E "CapInh|CapPrm|CapEff|CapAmb|NoNewPrivs" /proc/self/status',
  );
  assert.equal(
    shown,
    [
      'uid=10001(webuser) gid=10001(webgroup) groups=10001(webgroup)',
      '/home/webuser',
      'CapInh:\t0000000000000000',
      'CapPrm:\t0000000000000000',
      'CapEff:\t0000000000000000',
      'CapAmb:\t0000000000000000',
      'NoNewPrivs:\t1',
    ].join('\n'),
  );
});

test('a task uses the engine through the group of its socket', async () => {
  const shown = await inside(
    ['--volume', `${socket}:${socket}`],
    'sh',
    '-c',
    'id -u; id -G; docker version --format "{{.Server.Os}}"',
  );
  assert.deepEqual(shown.split('\n'), ['10001', `10001 ${statSync(socket).gid}`, 'linux']);
});

test('a socket of group 0 is usable too, without becoming root', async () => {
  const listening =
    'process.umask(0o117); require("node:net").createServer((c) => c.end("hello")).listen("/var/run/docker.sock", () => {';
  const asking = `require("node:child_process").spawn("start-as-webuser", ["sh", "-c", "id -u; id -G; node -e 'require(\\"node:net\\").connect(\\"/var/run/docker.sock\\").pipe(process.stdout)'"], {stdio: "inherit"}).on("exit", () => process.exit()); });`;
  const shown = await must([
    'run',
    '--rm',
    '--network',
    'none',
    '--entrypoint',
    'node',
    image,
    '--eval',
    `${listening}${asking}`,
  ]);
  assert.deepEqual(shown.split('\n'), ['10001', '10001 0', 'hello']);
});

test('the service never gets the engine', async () => {
  assert.equal(await inside(['--volume', `${socket}:${socket}`], 'sh', '-c', 'id -G', 'entrypoint', 'run'), '10001');
});

test('works without capabilities as webuser, and on a read-only root file system', async () => {
  assert.equal(await inside(['--user', '10001:10001', '--cap-drop', 'ALL', '--read-only'], 'id', '-u'), '10001');
  assert.equal(
    await inside(['--cap-drop', 'ALL', '--cap-add', 'SETUID', '--cap-add', 'SETGID', '--read-only'], 'id', '-u'),
    '10001',
  );
});

test('a user that is not in /etc/passwd has a writable home', async () => {
  assert.equal(
    await inside(['--user', '54321:0', '--cap-drop', 'ALL'], 'sh', '-c', 'echo $HOME; touch $HOME/x && id -u'),
    '/home/webuser\n54321',
  );
});

test("SIGTERM reaches the program, whose exit code is the container's, even when the init has no CAP_KILL", async () => {
  const waiting =
    'process.on("SIGTERM", () => { console.log("drained"); process.exit(7); }); setInterval(() => {}, 1000); console.log("up");';
  const container = await place.start('signals', [
    '--cap-drop',
    'ALL',
    '--cap-add',
    'SETUID',
    '--cap-add',
    'SETGID',
    '--entrypoint',
    'start-as-webuser',
    image,
    'tini',
    '--',
    'node',
    '--eval',
    waiting,
  ]);
  await eventually(
    10,
    () => must(['logs', container]),
    (text) => text === 'up',
  );
  const started = Date.now();
  await must(['stop', '--time', '8', container]);
  assert.ok(Date.now() - started < 5000);
  assert.equal(await must(['logs', container]), 'up\ndrained');
  assert.equal(await must(['inspect', '--format', '{{.State.ExitCode}}', container]), '7');
});

test('orphans are reaped: 20 of them leave no zombie, also behind another init', async () => {
  const orphans =
    'for i in $(seq 20); do (sleep 0.2 &) ; done; sleep 1; cat /proc/[0-9]*/stat 2>/dev/null | grep -c " Z " || true';
  for (const options of [[], ['--init']]) assert.equal(await inside(options, 'sh', '-c', orphans), '0');
});

test('as pid 1, the init does not ask for orphans, which an emulated one cannot', async () => {
  const asks = ['sh', '-c', 'echo "${TINI_SUBREAPER-no}"'];
  assert.deepEqual([await inside([], ...asks), await inside(['--init'], ...asks)], ['no', '1']);
});

test("no file in the image can grant root, and it trusts only Debian's certificates", async () => {
  const {stdout} = await docker([
    'run',
    '--rm',
    '--network',
    'none',
    '--entrypoint',
    'sh',
    image,
    '-c',
    'find / -xdev -type f -perm /6000; find /content /usr/local /node_modules -writable ! -user root; ls /usr/local/share/ca-certificates; cat /usr/share/ca-certificates/mozilla/*.crt | cksum; cksum </etc/ssl/certs/ca-certificates.crt',
  ]);
  const [mozilla, trusted, ...more] = stdout.split('\n');
  assert.equal(mozilla, trusted);
  assert.deepEqual(more, []);
});

/** The digests of the layers of a build without the cache. */
async function freshLayers(): Promise<string> {
  const tag = `${place.name}:again`;
  await run(
    dockerBuild(
      {
        context: '.',
        file: 'images/base/Dockerfile',
        tags: [tag],
        secretFiles: ca === undefined ? {} : {ca},
        noCache: true,
      },
      client,
    ),
    {capture: true},
  );
  const {stdout} = await run.read(['docker', 'inspect', '--format', '{{json .RootFS.Layers}}', tag]);
  await run(['docker', 'rmi', tag], {capture: true});
  return stdout;
}

test('two builds from the same inputs have the same layers', long, async () => {
  const first = await freshLayers();
  assert.match(first, /sha256:.*sha256:/);
  assert.equal(await freshLayers(), first);
});

test('any program runs under the init and as webuser, as in other images', async () => {
  const ask = 'echo "$(id -un) $(cat /proc/1/comm) $1"; exit 7';
  for (const before of [[], ['--']])
    assert.deepEqual(
      await docker(['run', '--rm', '--network', 'none', image, ...before, 'sh', '-c', ask, 'sh', '--list']),
      {
        code: 7,
        stdout: 'webuser tini --list',
        stderr: '',
      },
    );
});
