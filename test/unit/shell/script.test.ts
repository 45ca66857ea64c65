import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {test} from 'node:test';
import {loginShellText} from '../../../src/commands/login-shell.ts';
import {sshRun} from '../../../src/commands/ssh.ts';
import type {Command} from '../../../src/shell/argv.ts';
import {eachOf, shellText, together} from '../../../src/shell/script.ts';

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

test('commands with the same secrets read them once, from a file of mode 0600', () => {
  const {words, secretLines, stdin} = sshRun('h1', together([['docker', 'ps'], run('a'), run('b')]));
  assert.deepEqual([secretLines, stdin], [{TOKEN: {env: 'T'}}, undefined]);
  assert.equal(
    words.at(-1),
    loginShellText(
      `umask 077; f=$(mktemp ~/entrypoint-XXXXXX 2>/dev/null || mktemp) || exit; trap 'rm -f "$f"' EXIT; cat >"$f"; set -e; docker ps; docker run --env-file "$f" --name a image; docker run --env-file "$f" --name b image`,
    ),
  );
  assert.ok(!words.includes('-n'));
  assert.match(
    String(together([run('a'), run('b'), ['docker', 'ps']]).words.at(-1)),
    / --name b image; rm -f "\$f"; docker ps$/,
    'the file is removed after the last command that needs it',
  );
  assert.throws(() => together([run('a'), {...run('b'), secrets: {TOKEN: {env: 'U'}}}]), RangeError);
});
