import assert from 'node:assert/strict';
import {test} from 'node:test';
import {cli, service} from './harness.ts';

// What the entry point of an image does with the words of `docker run IMAGE WORDS`.

const seed = service({'tasks.ts': 'export const seed = () => console.log("seeded");\n'});

test('a program on PATH in place of a task runs with its words, and its exit code is that of the command', () => {
  const run = cli(seed, ['sh', '-c', 'echo "$1 $PWD" >&2; exit 7', 'sh', '--verbose']);
  assert.deepEqual(run, {code: 7, stdout: '', stderr: `--verbose ${seed}\n`});
  assert.equal(cli(seed, ['/bin/echo', 'a']).stdout, 'a\n');
});

test('-- runs any program, also one that is called like a task', () => {
  assert.equal(cli(seed, ['--', 'echo', '--', '--list']).stdout, '-- --list\n');
  assert.deepEqual(cli(seed, ['--', 'seed']), {
    code: 69,
    stdout: '',
    stderr: 'entrypoint: command not found: seed\nfix: install seed, or put its directory on PATH\n',
  });
  assert.equal(cli(seed, ['--dry-run', '--', 'echo', 'a b']).stdout, "exec echo 'a b'\n");
});

test('a task wins over a program, and a misspelt task gets its suggestion', () => {
  assert.equal(cli(seed, ['seed']).stdout, 'seeded\n');
  const own = service({'tasks.ts': 'export const ls = () => console.log("a task");\n'});
  assert.equal(cli(own, ['ls']).stdout, 'a task\n');
  assert.equal(cli(seed, ['sede']).stderr, 'entrypoint: sede is not a task\nfix: did you mean seed?\n');
});

test('a program runs where tasks.ts is broken: a shell finds out why', () => {
  const broken = service({'tasks.ts': 'import "./missing.ts";\n'});
  assert.equal(cli(broken, ['echo', 'a']).stdout, 'a\n');
  assert.equal(cli(broken, ['build']).code, 65);
});
