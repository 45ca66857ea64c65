import assert from 'node:assert/strict';
import {test} from 'node:test';
import {cli, service, shop} from './harness.ts';

const cwd = service({'tasks.ts': shop});

function refused(words: readonly string[], stderr: string, env?: Record<string, string>): void {
  assert.deepEqual(cli(cwd, words, env), {code: 64, stdout: '', stderr});
}

test('an unknown task: did you mean', () => {
  refused(['sed'], 'entrypoint: sed is not a task\nfix: did you mean seed?\n');
  refused(['testunit'], 'entrypoint: testunit is not a task\nfix: did you mean test_unit?\n');
  refused(['quux'], 'entrypoint: quux is not a task\nfix: see entrypoint --help\n');
  refused(['--help', 'sed'], 'entrypoint: sed is not a task\nfix: did you mean seed?\n');
});

test('a standard task that tasks.ts does not export: how to get it', () => {
  refused(
    ['test_sanity'],
    "entrypoint: test_sanity is not a task\nfix: tasks.ts does not export it; add: export {testSanity} from 'entrypoint/tasks';\n",
  );
});

test('an unknown option: did you mean', () => {
  refused(['seed', '--row=5'], 'entrypoint: --row is not an option of seed\nfix: did you mean --rows?\n');
  refused(['seed', '--row', '5'], 'entrypoint: --row is not an option of seed\nfix: did you mean --rows?\n');
  refused(['seed', '--no-claer'], 'entrypoint: --no-claer is not an option of seed\nfix: did you mean --no-clear?\n');
  refused(['seed', '--no-rows'], 'entrypoint: --no-rows is not an option of seed\nfix: did you mean --rows?\n');
  refused(['--jsn', 'seed'], 'entrypoint: --jsn is not a flag\nfix: did you mean --json?\n');
});

test('an option before its task: where it belongs', () => {
  refused(
    ['--rows=5', 'seed'],
    'entrypoint: --rows is not a flag of entrypoint itself\nfix: put it after its task: entrypoint seed --rows\n',
  );
});

test('all errors are reported at once and nothing runs', () => {
  refused(
    ['seed', '--rows=abc', '--claer', '--level', 'hig', 'buidl', '--tga=1', '-x'],
    `entrypoint: 6 problems on the command line; nothing was run
  buidl is not a task, and seed takes no word; did you mean build?
  --claer is not an option of seed; did you mean --clear?
  --tga is not an option of build; did you mean --tag?
  -x is not a flag; use the long name of an option: entrypoint --help TASK
  --rows must be a number, not abc
  --level must be one of low, high, not hig; did you mean high?
fix: see entrypoint --help
`,
  );
});

test('values of the wrong kind', () => {
  refused(['seed', '--rows='], 'entrypoint: --rows must be a number, not empty\nfix: see entrypoint --help seed\n');
  refused(['seed', '--rows=0x10'], 'entrypoint: --rows must be a number, not 0x10\nfix: see entrypoint --help seed\n');
  refused(
    ['seed', '--clear=perhaps'],
    'entrypoint: --clear must be true or false, not perhaps\nfix: see entrypoint --help seed\n',
  );
  refused(['seed', '--no-clear=yes'], 'entrypoint: --no-clear takes no value\nfix: write --no-clear\n');
});

test('a flag without a clear value is refused, not guessed', () => {
  refused(['seed', '--file'], 'entrypoint: --file needs a value\nfix: write --file=TEXT\n');
  refused(
    ['seed', '--file', '--quiet'],
    'entrypoint: --file needs a value\nfix: write --file=TEXT, or --file=--quiet if --quiet is the value\n',
  );
  refused(
    ['seed', '--file', '-x'],
    'entrypoint: --file needs a value\nfix: write --file=TEXT, or --file=-x if -x is the value\n',
  );
});

test('an unexpected word', () => {
  refused(
    ['greet', 'you', 'there'],
    'entrypoint: there is not a task, and greet takes no further word\nfix: see entrypoint --help\n',
  );
});

test('a wrong value in the environment is reported with the name of its variable', () => {
  refused(
    ['seed'],
    'entrypoint: the environment variable ENTRYPOINT_SEED_ROWS must be a number, not many\nfix: see entrypoint --help seed\n',
    {ENTRYPOINT_SEED_ROWS: 'many'},
  );
  refused(
    ['seed'],
    'entrypoint: the environment variable SHOP_LEVEL must be one of low, high, not hihg\nfix: did you mean high?\n',
    {SHOP_LEVEL: 'hihg'},
  );
});
