import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {test} from 'node:test';
import {cli, entrypoint, environment, service, shop} from './harness.ts';

const cwd = service({'tasks.ts': shop});
const list = `lifecycle:
  test_unit   Run the unit tests (test/unit)
  build       Build the one image of the service
tasks.ts:
  fail        Fail as a program does
  greet       Say hello
  missing     Call a program that is not there
  plain
  seed        Load sample products
`;

test('-l prints one aligned line per task, grouped, own tasks last', () => {
  assert.deepEqual(cli(cwd, ['-l']), {code: 0, stdout: list, stderr: ''});
});

test('a list and a version need no required option of a task on the same line', () => {
  const standard = service({});
  assert.equal(cli(standard, ['promote', '-l']).stdout, cli(standard, ['-l']).stdout);
  assert.match(cli(standard, ['maintenance', '--version']).stdout, /^entrypoint \d/);
  assert.equal(cli(standard, ['promote']).code, 64);
});

test('without a word, it prints the list', () => {
  assert.deepEqual(cli(cwd, []), {code: 0, stdout: list, stderr: ''});
});

test('without a tasks.ts the list has the standard tasks, in groups', () => {
  const {code, stdout, stderr} = cli(service({}), ['-l']);
  assert.deepEqual({code, stderr}, {code: 0, stderr: ''});
  assert.deepEqual(
    stdout.split('\n').map((line) => line.trim().split(' ')[0]),
    [
      'lifecycle:',
      'static_analysis',
      'test_unit',
      'test_integration',
      'build',
      'publish',
      'promote',
      'deploy',
      'run',
      'test_sanity',
      'init',
      'inspect:',
      'check',
      'status',
      'history',
      'logs',
      // logs check
      'logs',
      'config',
      // config audit
      'config',
      'operate:',
      'exec',
      'maintenance',
      'rollback',
      'remove',
      '',
    ],
  );
});

test('a service with only its own tasks has one group, named after its file', () => {
  const own = service({'tasks.mjs': 'export function b() {}\nexport function a() {}\n'});
  assert.deepEqual(cli(own, ['-l']), {code: 0, stdout: 'tasks.mjs:\n  a\n  b\n', stderr: ''});
});

test('--help TASK, before and after the name, shows each option with its type, default and variables', () => {
  const stdout = `usage: entrypoint seed [--rows=NUMBER] [--no-clear] [--file=TEXT]... [--level=low|high]

Load sample products

options:
  --rows=NUMBER      how many products
                     number; default: 100
                     environment: ENTRYPOINT_SEED_ROWS
  --[no-]clear       remove the old ones first
                     boolean; default: true
                     environment: ENTRYPOINT_SEED_CLEAR
  --file=TEXT        file to read
                     list; can be repeated
                     environment: ENTRYPOINT_SEED_FILE
  --level=low|high   how loud
                     choice; default: low
                     environment: ENTRYPOINT_SEED_LEVEL, SHOP_LEVEL
`;
  assert.deepEqual(cli(cwd, ['--help', 'seed']), {code: 0, stdout, stderr: ''});
  assert.deepEqual(cli(cwd, ['seed', '-h', '--rows=abc']), {code: 0, stdout, stderr: ''});
});

test('--help of a task with a positional word', () => {
  assert.deepEqual(cli(cwd, ['--help', 'greet']), {
    code: 0,
    stderr: '',
    stdout: `usage: entrypoint greet [NAME]

Say hello

options:
  NAME, --name=TEXT   whom
                      string; default: world
                      environment: ENTRYPOINT_GREET_NAME
`,
  });
});

test('--help alone: usage, flags, exit codes, tasks', () => {
  assert.deepEqual(cli(cwd, ['--help']), {
    code: 0,
    stderr: '',
    stdout: `usage: entrypoint [FLAGS] TASK [OPTIONS] [TASK [OPTIONS]]... [-- WORDS]

Runs tasks in order and stops at the first one that fails. test_unit, test-unit and testUnit are one
task. WORDS go to the last task. Without a task, prints the list. \`entrypoint -- WORDS\`, or any program
on PATH in place of a task, runs that program instead.

flags:
  -l, --list               list the tasks
  -h, --help [TASK]        explain the command or a task
  -n, --dry-run            change nothing: print a sh script that does the same
      --no-echo            do not print each command before it runs
  -q, --quiet              print only results and errors
  -v, --verbose            print every command in full, read-only ones too, and stack traces
      --json               print the result as JSON
      --no-color           print no colours; NO_COLOR=1 does the same
  -C, --directory=DIR      directory of the service; default: this one, or the nearest parent with a
                           service
      --version            print the version
      --complete -- LINE   print the words that can end LINE, for shell completion

exit codes:
  0     success
  1     a task failed; if a command failed, its own exit code is passed on
  3     the service does not boot (run)
  64    the command line is wrong; nothing was run
  65    a file of the service is wrong: tasks.ts, deploy.yaml, ...
  69    a program, host, registry or address is not available
  70    a bug in the app server
  124   a command timed out and was killed
  129   stopped by SIGHUP
  130   stopped by Ctrl-C (SIGINT)
  143   stopped by SIGTERM

tasks:
${list.replaceAll(/^(?=.)/gm, '  ')}`,
  });
});

test('--json -l prints the list for programs', () => {
  const {code, stdout, stderr} = cli(cwd, ['--json', '-l']);
  assert.deepEqual({code, stderr}, {code: 0, stderr: ''});
  const found = JSON.parse(stdout) as {directory: string; file: string; tasks: {name: string}[]};
  assert.equal(found.directory, cwd);
  assert.equal(found.file, 'tasks.ts');
  assert.deepEqual(found.tasks[3], {
    name: 'greet',
    group: 'tasks.ts',
    summary: 'Say hello',
    options: [
      {
        flag: '--name',
        kind: 'string',
        required: false,
        default: 'world',
        choices: null,
        positional: true,
        environment: ['ENTRYPOINT_GREET_NAME'],
        help: 'whom',
      },
    ],
  });
});

test('--version', () => {
  const {code, stdout, stderr} = cli(cwd, ['--version']);
  assert.match(stdout, /^entrypoint \d+\.\d+\.\d+\n$/);
  assert.deepEqual({code, stderr}, {code: 0, stderr: ''});
});

test('a reader that closes the pipe early is no error', () => {
  const script = `{ "$0" -l; echo "code $?" >&2; } | head -1; "$0" --help 2>&1 | true`;
  const {stdout, stderr, status} = spawnSync('sh', ['-c', script, entrypoint], {
    cwd,
    env: environment(),
    encoding: 'utf8',
  });
  assert.deepEqual({stdout, stderr, status}, {stdout: 'lifecycle:\n', stderr: 'code 0\n', status: 0});
});

test('a closed standard output is no error either', () => {
  const {stderr, status} = spawnSync('sh', ['-c', '"$0" greet >&- && "$0" -l | :', entrypoint], {
    cwd,
    env: environment(),
    encoding: 'utf8',
  });
  assert.deepEqual({stderr, status}, {stderr: '', status: 0});
});

function words(...line: string[]): string[] {
  return cli(cwd, ['--complete', '--', ...line])
    .stdout.trimEnd()
    .split('\n');
}

test('--complete prints tasks, flags and choices', () => {
  assert.deepEqual(words('entrypoint', 's'), ['seed']);
  assert.deepEqual(words('entrypoint seed --r'), ['--rows=']);
  assert.deepEqual(words('entrypoint seed --level='), ['--level=', '--level=low', '--level=high']);
  assert.deepEqual(words('entrypoint seed --level '), ['low', 'high']);
  assert.deepEqual(words('entrypoint -'), [
    '--list',
    '--help',
    '--dry-run',
    '--echo',
    '--quiet',
    '--verbose',
    '--json',
    '--color',
    '--directory',
    '--version',
    '--complete',
  ]);
  assert.deepEqual(cli(service({'tasks.ts': 'export const'}), ['--complete', '--', 'entrypoint', 's']), {
    code: 0,
    stdout: '',
    stderr: '',
  });
});

test('the service is found upwards and by -C, and a command line can be pasted from anywhere', () => {
  const nested = service({'tasks.ts': shop, 'src/deep/x.ts': ''});
  assert.equal(cli(`${nested}/src/deep`, ['-l']).stdout, list);
  assert.equal(cli('/', ['-l', '-C', `${nested}/src`]).stdout, list);
  assert.equal(cli('/', [`--directory=${nested}`, '-l']).stdout, list);
  assert.deepEqual(cli(`${nested}/src`, ['seed', '-n']), {
    code: 0,
    stdout: `#!/bin/sh\nset -eu\ncd ${nested}\necho 100 true '' low\n`,
    stderr: '# seeding\n# seeded\n',
  });
  assert.deepEqual(
    cli(`${nested}/src`, ['seed']).stderr,
    `$ cd ${nested}\n# seeding\n$ echo 100 true '' low\n# exit 0, N s\n`,
  );
  assert.deepEqual(cli('/', ['-C', '/nowhere', '-l']), {
    code: 64,
    stdout: '',
    stderr: 'entrypoint: no such directory: /nowhere\nfix: correct --directory (-C)\n',
  });
});
