import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {test} from 'node:test';
import {cli, entrypoint, environment, service, shop} from './harness.ts';

const cwd = service({'tasks.ts': shop});
const list = `fail        Fail as a program does
greet       Say hello
missing     Call a program that is not there
plain
seed        Load sample products
test_unit   Run the unit tests (test/unit)
build       Build the one image of the service
`;

test('-l prints one aligned line a task, own tasks first', () => {
  assert.deepEqual(cli(cwd, ['-l']), {code: 0, stdout: list, stderr: ''});
});

test('no word at all is the list', () => {
  assert.deepEqual(cli(cwd, []), {code: 0, stdout: list, stderr: ''});
});

test('without a tasks.ts the standard tasks are there, in the order of a life', () => {
  const {code, stdout, stderr} = cli(service({}), ['-l']);
  assert.deepEqual({code, stderr}, {code: 0, stderr: ''});
  assert.deepEqual(
    stdout.split('\n').map((line) => line.split(' ')[0]),
    [
      'static_analysis',
      'test_unit',
      'build',
      'check',
      'test_integration',
      'publish',
      'promote',
      'deploy',
      'run',
      'test_sanity',
      'status',
      'history',
      'logs',
      'exec',
      'maintenance',
      'rollback',
      'remove',
      '',
    ],
  );
});

test('--help TASK, before and behind the name, tells each option with its type, default and variables', () => {
  const stdout = `usage: entrypoint seed [--rows=NUMBER] [--no-clear] [--file=TEXT]... [--level=low|high]

Load sample products

options:
  --rows=NUMBER      how many products
                     number; default: 100; environment: ENTRYPOINT_SEED_ROWS
  --no-clear         remove the old ones first
                     boolean; default: true; environment: ENTRYPOINT_SEED_CLEAR
  --file=TEXT        file to read; may be repeated
                     list; default: none; environment: ENTRYPOINT_SEED_FILE
  --level=low|high   how loud
                     choice; default: low; environment: ENTRYPOINT_SEED_LEVEL, SHOP_LEVEL
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
                      string; default: world; environment: ENTRYPOINT_GREET_NAME
`,
  });
});

test('--help alone: usage, flags, exit codes, tasks', () => {
  assert.deepEqual(cli(cwd, ['--help']), {
    code: 0,
    stderr: '',
    stdout: `usage: entrypoint [FLAGS] TASK [OPTIONS] [TASK [OPTIONS]]... [-- WORDS]

Runs tasks in order; the first one that fails ends the run. test_unit, test-unit and testUnit are one task.
WORDS go to the last task. Without a task: the list.

flags:
  -l, --list               list the tasks
  -h, --help [TASK]        explain the command, or a task
  -n, --dry-run            change nothing: print a sh script that does it
      --no-echo            do not print each command before it runs
  -q, --quiet              print only results and errors
  -v, --verbose            print also the commands that only look, and stacks of errors
      --json               print the result as JSON
      --no-color           no colours; NO_COLOR=1 does the same
  -C, --directory=DIR      the service is in DIR; default: here, or the nearest directory above
      --version            print the version
      --complete -- LINE   print the words that can end LINE, for shell completion

exit codes:
  0     done
  1     a task failed (a failed command's own code is passed on)
  64    the command line is wrong; nothing was run
  65    a file of the service is wrong: tasks.ts, deploy.yaml, ...
  69    a program or a service that the task needs is missing
  124   a command took too long and was killed
  130   interrupted by Ctrl-C (129: hang-up, 143: SIGTERM)

tasks:
${list.replaceAll(/^(?=.)/gm, '  ')}`,
  });
});

test('--json -l is the list for programs', () => {
  const {code, stdout, stderr} = cli(cwd, ['--json', '-l']);
  assert.deepEqual({code, stderr}, {code: 0, stderr: ''});
  const found = JSON.parse(stdout) as {directory: string; file: string; tasks: {name: string}[]};
  assert.equal(found.directory, cwd);
  assert.equal(found.file, 'tasks.ts');
  assert.deepEqual(found.tasks[1], {
    name: 'greet',
    summary: 'Say hello',
    options: [
      {
        flag: '--name',
        kind: 'string',
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

test('a reader that goes away early is no error', () => {
  const script = `{ "$0" -l; echo "code $?" >&2; } | head -1; "$0" --help 2>&1 | true`;
  const {stdout, stderr, status} = spawnSync('sh', ['-c', script, entrypoint], {
    cwd,
    env: environment(),
    encoding: 'utf8',
  });
  assert.deepEqual(
    {stdout, stderr, status},
    {stdout: 'fail        Fail as a program does\n', stderr: 'code 0\n', status: 0},
  );
});

test('a reader that never was is no error either', () => {
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
    stderr: 'entrypoint: /nowhere is not a directory, and -C needs one\n',
  });
});
