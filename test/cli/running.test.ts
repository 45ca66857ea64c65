import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {cli, entrypoint, environment, service, shop} from './harness.ts';

const cwd = service({'tasks.ts': shop});

test('a task echoes its commands to the standard error; its result is on the standard output', () => {
  assert.deepEqual(cli(cwd, ['seed', '--rows', '5', '--file=a b', '--file', 'c', '--no-clear', '--level=high']), {
    code: 0,
    stdout: '5 false a b+c high\nseeded\n',
    stderr: "# seeding\n$ echo 5 false 'a b+c' high\n# exit 0, N s\n",
  });
});

test('test_unit, test-unit and testUnit are one task', () => {
  for (const name of ['test_unit', 'test-unit', 'testUnit']) {
    assert.equal(cli(cwd, ['--help', name]).stdout.split('\n')[0], 'usage: entrypoint test_unit [--output=DIR]');
  }
});

test('core flags can be anywhere, short ones together', () => {
  assert.deepEqual(cli(cwd, ['seed', '--quiet', '--rows=1']), {code: 0, stdout: '1 true  low\nseeded\n', stderr: ''});
  assert.deepEqual(cli(cwd, ['-qn', 'seed']), {
    code: 0,
    stdout: "#!/bin/sh\nset -eu\necho 100 true '' low\n",
    stderr: '',
  });
  assert.deepEqual(cli(cwd, ['seed', '--no-echo']), {
    code: 0,
    stdout: '100 true  low\nseeded\n',
    stderr: '# seeding\n',
  });
});

test('a positional word, and the name of a task instead', () => {
  assert.equal(cli(cwd, ['greet', 'you']).stdout, 'hello you\n');
  assert.equal(cli(cwd, ['greet', '--name=seed']).stdout, 'hello seed\n');
  assert.equal(cli(cwd, ['greet', 'greet', 'me']).stdout, 'hello world\nhello me\n');
  assert.equal(cli(cwd, ['greet', '-5']).stdout, 'hello -5\n');
});

test('words after -- go to the last task unchanged', () => {
  assert.deepEqual(
    cli(cwd, ['greet', 'seed', '-q', '--', '--rows=1', "it's", '']).stdout,
    "hello world\n100 true  low --rows=1 it's \nseeded\n",
  );
});

test('several tasks run in order, each announced; the first failure ends the run', () => {
  assert.deepEqual(cli(cwd, ['greet', 'fail', 'greet']), {
    code: 7,
    stdout: 'hello world\nout\n',
    stderr: `# task 1 of 3: greet
# task 2 of 3: fail
$ sh -c 'echo out; echo err >&2; exit 7'
err
# exit 7, N s
entrypoint: command failed with exit code 7: sh -c 'echo out; echo err >&2; exit 7'
`,
  });
});

test('a missing program', () => {
  assert.deepEqual(cli(cwd, ['missing']), {
    code: 69,
    stdout: '',
    stderr: `$ no-such-program -x
entrypoint: command not found: no-such-program
fix: install no-such-program, or put its directory on PATH
`,
  });
});

test('the environment sets options; the command line wins; an empty variable is none', () => {
  const env = {ENTRYPOINT_SEED_ROWS: '4', SHOP_LEVEL: 'high', ENTRYPOINT_SEED_FILE: 'a,b', ENTRYPOINT_SEED_CLEAR: 'no'};
  assert.equal(cli(cwd, ['seed'], env).stdout, '4 false a+b high\nseeded\n');
  assert.equal(
    cli(cwd, ['seed'], {...env, ENTRYPOINT_SEED_LEVEL: 'low', ENTRYPOINT_SEED_ROWS: ''}).stdout,
    '100 false a+b low\nseeded\n',
  );
  assert.equal(
    cli(cwd, ['seed', '--rows=6', '--clear', '--file=c', '--level=low'], env).stdout,
    '6 true c low\nseeded\n',
  );
});

test('--json: only the result on the standard output, everything else on the standard error', () => {
  assert.deepEqual(cli(cwd, ['seed', '--json']), {
    code: 0,
    stdout: '{\n  "rows": 100\n}\n',
    stderr: "# seeding\n$ echo 100 true '' low\n100 true  low\n# exit 0, N s\nseeded\n",
  });
  assert.deepEqual(JSON.parse(cli(cwd, ['--json', 'seed', 'greet', 'seed', '--rows=2']).stdout), {
    seed: {rows: 100},
    greet: null,
    seed_2: {rows: 2},
  });
});

test('--json: a failure is an object too', () => {
  const {code, stdout} = cli(cwd, ['fail', '--json']);
  assert.equal(code, 7);
  assert.deepEqual(JSON.parse(stdout), {
    error: {
      code: 'command_failed',
      message: "command failed with exit code 7: sh -c 'echo out; echo err >&2; exit 7'",
      details: [],
      fix: null,
      exitCode: 7,
    },
  });
});

test('--dry-run prints a script that does the same, and nothing else, on the standard output', () => {
  const directory = service({
    'tasks.ts': `
import {task} from 'entrypoint/tasks';
export const make = task('Make files', {}, async ({run, say, note}) => {
  const {stdout} = await run.read(['printf', 'it is read']);
  await run.scope(async (scope) => {
    await run({words: ['tee', 'one'], stdin: stdout + '\\nso\\n'});
    scope.always(['rm', 'one']);
    await run(['cp', 'one', 'two words']);
  });
  note('a note');
  say('made');
});
`,
  });
  const dry = cli(directory, ['make', '--dry-run']);
  assert.deepEqual(dry, {
    code: 0,
    stdout: `#!/bin/sh
set -eu
tee one <<'END'
it is read
so
END
undo=''
on_exit() { code=$?; trap - EXIT; for step in $undo; do "$step" || :; done; exit "$code"; }
trap on_exit EXIT; trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 143' TERM
undo_1() {
rm one
}
undo='undo_1'
cp one 'two words'
undo_1 || :
undo=''
`,
    stderr: '# a note\n# made\n',
  });
  assert.equal(existsSync(join(directory, 'two words')), false);
  assert.equal(spawnSync('sh', ['-s'], {cwd: directory, input: dry.stdout}).status, 0);
  assert.equal(existsSync(join(directory, 'one')), false);
  assert.equal(readFileSync(join(directory, 'two words'), 'utf8'), 'it is read\nso\n');
});

test('--verbose echoes read-only commands', () => {
  const directory = service({
    'tasks.ts': "export const look = async ({run}) => void (await run.read(['printf', 'x']));",
  });
  assert.equal(cli(directory, ['look']).stderr, '');
  assert.equal(cli(directory, ['look', '-v']).stderr, '$ printf x\n# exit 0, N s\n');
});

test('colours only on a terminal, and never with NO_COLOR', () => {
  const onTerminal = (words: string, env: Record<string, string> = {}): string =>
    spawnSync('script', ['-qec', `${entrypoint} ${words}`, '/dev/null'], {
      cwd,
      env: environment({TERM: 'xterm', ...env}),
      encoding: 'utf8',
    }).stdout;
  const escape = '\u001b';
  assert.ok(onTerminal('sed').includes(`${escape}[31mentrypoint: sed is not a task${escape}[39m`));
  assert.ok(!onTerminal('sed', {NO_COLOR: '1'}).includes(escape));
  assert.ok(!onTerminal('sed --no-color').includes(escape));
  assert.ok(!cli(cwd, ['fail']).stderr.includes(escape));
  assert.ok(cli(cwd, ['fail', '--color']).stderr.includes(`${escape}[31mentrypoint: `));
});

test('on a terminal the list is cut to its width', () => {
  const {stdout} = spawnSync('script', ['-qec', `stty cols 30; ${entrypoint} -l`, '/dev/null'], {
    cwd,
    env: environment({TERM: 'xterm'}),
    encoding: 'utf8',
  });
  assert.match(stdout, /^ {2}test_unit {3}Run the unit \.\.\.\r$/m);
});

test('`become` replaces the command: same process, its exit code, no output lost', () => {
  const directory = service({
    'tasks.ts': `
export const serve = async ({run}) => run.become({words: ['sh', '-c', 'echo "$$ $A"; exit 9'], env: {A: 'b c'}});
export const flood = async ({run}) => run.become(['sh', '-c', 'yes | head -c 3000000']);
`,
  });
  const served = spawnSync('sh', ['-c', 'echo $$; exec "$0" serve', entrypoint], {
    cwd: directory,
    env: environment(),
    encoding: 'utf8',
  });
  const [pid, after] = served.stdout.split('\n');
  assert.equal(after, `${pid} b c`);
  assert.equal(served.status, 9);
  assert.equal(served.stderr, `$ A='b c' sh -c 'echo "$$ $A"; exit 9'\n`);
  assert.equal(
    cli(directory, ['serve', '-n']).stdout,
    "#!/bin/sh\nset -eu\nexport A='b c'\nexec sh -c 'echo \"$$ $A\"; exit 9'\n",
  );
  const slow = spawnSync('sh', ['-c', '"$0" flood 2>&1 | { sleep 0.3; wc -c; }', entrypoint], {
    cwd: directory,
    env: environment(),
    encoding: 'utf8',
  });
  assert.equal(slow.stdout.trim(), String(3_000_000 + "$ sh -c 'yes | head -c 3000000'\n".length));
});
