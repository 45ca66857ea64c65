import assert from 'node:assert/strict';
import {randomBytes} from 'node:crypto';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, test} from 'node:test';
import {idleProgram} from '../../src/contract/probes/spy.ts';
import {findServiceUser} from '../../src/deploy/hosts/operations/service-user.ts';
import {noEcho} from '../../src/shell/echo.ts';
import {systemRunner} from '../../src/shell/runners/system.ts';
import {temporaryDirectory} from '../support/directory.ts';
import {dockerSync} from '../support/docker.ts';
import {until} from '../support/until.ts';

// Whose processes a service has, of containers that drop root in the ways of other images.

const prefix = `service-user-${randomBytes(4).toString('hex')}`;
const names: string[] = [];
const run = systemRunner({cwd: '/', env: process.env, echo: noEcho, stdout: () => {}, stderr: () => {}});

after(() => {
  if (names.length > 0) dockerSync('rm', '--force', '--volumes', ...names);
});

function start(options: readonly string[], words: readonly string[], image = 'entrypoint/base:26'): string {
  const name = `${prefix}-${names.length}`;
  names.push(name);
  const [entry = '', ...rest] = words;
  dockerSync('create', '--name', name, '--user', '0', ...options, '--entrypoint', entry, image, ...rest);
  return name;
}

const userOf = (name: string) => {
  const [pid = '', mode = ''] = dockerSync('inspect', '--format', '{{.State.Pid}} {{.HostConfig.PidMode}}', name).split(
    ' ',
  );
  return findServiceUser(run, name, {pid: Number(pid), shared: mode.trim() !== ''});
};

const dropped = ['setpriv', '--reuid=33', '--regid=33', '--clear-groups', 'sleep', '300'];

test('the user of a service below an init or a shell that stays root is that of the service', async () => {
  for (const [options, words] of [
    [[], ['tini', '--', ...dropped]],
    [['--init'], dropped],
    [[], ['sh', '-c', `${dropped.join(' ')} & wait`]],
    [['--pid=host', '--init'], dropped],
  ] as const) {
    const name = start(options, words);
    dockerSync('start', name);
    // The program drops root, and then becomes the service.
    await until('the service has its user', async () => (await userOf(name)).kind === 'one');
    assert.deepEqual(await userOf(name), {kind: 'one', user: '33:33'}, words.join(' '));
  }
});

test('a service of root has root, also in an image with neither users nor a shell', async () => {
  const plain = start([], ['tini', '--', 'sleep', '300']);
  dockerSync('start', plain);
  assert.deepEqual(await userOf(plain), {kind: 'root', program: undefined});
  const bare = start([], ['/idle'], 'entrypoint/command:26');
  const file = join(temporaryDirectory(), 'idle');
  const program = idleProgram(process.arch === 'arm64' ? 'arm64' : 'amd64');
  assert.ok(program);
  writeFileSync(file, program, {mode: 0o755});
  dockerSync('cp', file, `${bare}:/idle`);
  dockerSync('start', bare);
  assert.deepEqual(await userOf(bare), {kind: 'root', program: undefined});
});
