import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import * as fc from 'fast-check';
import {loginShellText} from '../../../src/commands/login-shell.ts';
import {sshRun} from '../../../src/commands/ssh.ts';
import {type Command, commandText} from '../../../src/shell/argv.ts';
import {eachOf, shellText, together} from '../../../src/shell/script.ts';
import {secretLines} from '../../../src/shell/secrets.ts';
import {secretWorld} from '../../../src/shell/spawn.ts';
import {temporaryDirectory} from '../../support/directory.ts';

const sh = ({words}: Command, input = '') => {
  const [program = '', ...others] = words;
  const {status, stdout} = spawnSync(program, others, {input, encoding: 'utf8'});
  return {status, stdout};
};
const echo = (text: string): Command => ({words: ['printf', '%s\n', text]});
const quit = (code: number): Command => ({words: ['sh', '-c', `exit ${code}`]});

const run = (name: string): Command => ({
  words: ['docker', 'run', '--name', name, '--env', 'TOKEN', 'image'],
  secrets: {TOKEN: {env: 'T'}},
});

test('joined commands stop at the first failure, with its exit code', () => {
  assert.deepEqual(sh(together([echo("it's 1"), echo('2')])), {status: 0, stdout: "it's 1\n2\n"});
  assert.deepEqual(sh(together([echo('1'), quit(5), echo('2')])), {status: 5, stdout: '1\n'});
  assert.deepEqual(sh(together([{words: ['cat'], stdin: 'a\nb\n'}, echo('2')])), {status: 0, stdout: 'a\nb\n2\n'});
});

test('joined clean-up runs every command, and fails when any failed', () => {
  assert.deepEqual(sh(eachOf([echo('1'), {words: ['false']}, {words: ['cat'], stdin: 'a\nb\n'}, echo('2')])), {
    status: 1,
    stdout: '1\na\nb\n2\n',
  });
  assert.deepEqual(sh(eachOf([echo('1'), echo('2')])), {status: 0, stdout: '1\n2\n'});
});

test('by ssh they are one command on one line, in one shell', () => {
  const {words} = sshRun(
    'd@h1',
    together([
      ['docker', 'stop', 'a'],
      ['docker', 'update', '--restart', 'no', 'a'],
    ]),
  );
  assert.deepEqual(words.slice(-3), [
    'd@h1',
    '--',
    loginShellText('set -e; docker stop a; docker update --restart no a'),
  ]);
  assert.equal(sshRun('d@h1', ['sh', '-c', 'a && b']).words.at(-1), loginShellText('a && b'));
  assert.equal(shellText(['docker', 'ps']), 'docker ps');
});

const receive = (...names: readonly string[]): string =>
  `take() { read -r entrypoint_value && entrypoint_value=$(printf %s "$entrypoint_value" | base64 -d && echo x) && export "$1=\${entrypoint_value%x}"; }; ${names.map((name) => `take ${name}`).join(' && ')} || exit; unset entrypoint_value`;

test('commands with the same secrets read them once, into the environment, until the last that needs them', () => {
  const {words, secretLines: lines, stdin} = sshRun('h1', together([['docker', 'ps'], run('a'), run('b')]));
  assert.deepEqual([lines, stdin], [{TOKEN: {env: 'T'}}, undefined]);
  assert.equal(
    words.at(-1),
    loginShellText(
      `${receive('TOKEN')}; set -e; docker ps; docker run --name a --env TOKEN image; docker run --name b --env TOKEN image`,
    ),
  );
  assert.ok(!words.includes('-n'));
  assert.match(
    String(together([run('a'), run('b'), ['docker', 'ps']]).words.at(-1)),
    / --name b --env TOKEN image; unset TOKEN; docker ps$/,
  );
  assert.throws(() => together([run('a'), {...run('b'), secrets: {TOKEN: {env: 'U'}}}]), RangeError);
});

/** Runs what ssh would hand to the login shell of a host. */
const onHost = ({words: [, , ...rest]}: Command, input: string) =>
  spawnSync('sh', ['-c', rest.at(-1) ?? ''], {input, encoding: 'utf8', env: {PATH: process.env['PATH']}});

test('any text arrives on a host as it is, by the command and by its printed line', async () => {
  const directory = temporaryDirectory();
  // In the place of ssh: it runs the last word, the text for the login shell of the host.
  writeFileSync(join(directory, 'ssh'), `#!/bin/sh\nfor text; do :; done\nexec env -i PATH="$PATH" sh -c "$text"\n`, {
    mode: 0o755,
  });
  const show = `printf '<%s>' "$A" "$take" "\${LANG-none}"`;
  const secrets = {A: {env: 'X_A'}, take: {env: 'X_B'}};
  const command = sshRun('h1', together([{words: ['sh', '-c', show], secrets}, ['sh', '-c', 'echo "${A-none}"']]));
  const text = fc
    .oneof(
      fc.string({unit: 'binary'}),
      fc.string({unit: fc.constantFrom('\r\n', '\n', "'", '\\', '$', '`', '"', ' ', '=', 'é', '#')}),
    )
    .filter(
      (value) => value !== '' && !value.includes('\0') && value.isWellFormed() && !/\uFFFD|^[^\n]*\r$/.test(value),
    );
  await fc.assert(
    fc.asyncProperty(text, text, async (a, b) => {
      const env = {X_A: a, X_B: b, PATH: `${directory}:${process.env['PATH']}`};
      const world = secretWorld({cwd: '/', env});
      const expected = `<${a}><${b}><none>none\n`;
      assert.equal(onHost(command, await secretLines(command.secretLines ?? {}, world)).stdout, expected);
      assert.equal(spawnSync('sh', ['-c', commandText(command)], {encoding: 'utf8', env}).stdout, expected);
    }),
    {numRuns: 25},
  );
});

test('a connection that ends before the last secret starts nothing', () => {
  const command = sshRun('h1', {words: ['echo', 'started'], secrets: {A: {env: 'A'}, B: {env: 'B'}}});
  for (const input of ['', 'YQ==', 'YQ==\n', 'YQ==\nYg']) {
    const {status, stdout} = onHost(command, input);
    assert.deepEqual([status, stdout], [1, ''], input);
  }
  assert.equal(onHost(command, 'YQ==\nYg==\n').stdout, 'started\n');
});
