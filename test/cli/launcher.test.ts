import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {cpSync, mkdirSync, symlinkSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {test} from 'node:test';
import {entrypoint, environment, service, shop} from './harness.ts';

const root = join(dirname(entrypoint), '..');
const sh = '/bin/sh';

/** A copy of the launcher, in a directory like an installed one. */
function installed(): string {
  const directory = service({});
  mkdirSync(join(directory, 'bin'));
  cpSync(entrypoint, join(directory, 'bin/entrypoint'));
  return directory;
}

function called(
  program: string,
  words: readonly string[],
  env: Record<string, string>,
  cwd = '/',
): {code: number | null; stdout: string; stderr: string} {
  const {status, stdout, stderr} = spawnSync(program, words, {cwd, env: environment(env), encoding: 'utf8'});
  return {code: status, stdout, stderr};
}

test('it finds its files through symbolic links, absolute and relative ones', () => {
  const cwd = service({'tasks.ts': shop});
  symlinkSync(entrypoint, join(cwd, 'one'));
  symlinkSync('one', join(cwd, 'two'));
  mkdirSync(join(cwd, 'src'));
  symlinkSync('../two', join(cwd, 'src/three'));
  for (const name of ['./one', './two', 'src/three', join(cwd, 'src/three')]) {
    assert.deepEqual(called(name, ['greet'], {}, cwd), {code: 0, stdout: 'hello world\n', stderr: ''}, name);
  }
});

test('without node: two lines', () => {
  assert.deepEqual(called(sh, [join(installed(), 'bin/entrypoint')], {PATH: '/nowhere'}), {
    code: 69,
    stdout: '',
    stderr: 'entrypoint: node not found on PATH\nfix: install Node 24.11 or later (https://nodejs.org)\n',
  });
});

test('without the bundle: two lines', () => {
  const directory = installed();
  assert.deepEqual(called(join(directory, 'bin/entrypoint'), [], {}), {
    code: 69,
    stdout: '',
    stderr: `entrypoint: dist/cli.js is missing: this copy of entrypoint is not built\nfix: npm run build in ${directory}\n`,
  });
});

test('with an old node: two lines', () => {
  const directory = installed();
  cpSync(join(root, 'dist'), join(directory, 'dist'), {recursive: true});
  writeFileSync(
    join(directory, 'old.cjs'),
    "Object.defineProperty(process, 'versions', {value: {...process.versions, node: '20.19.0'}});\n",
  );
  assert.deepEqual(
    called(join(directory, 'bin/entrypoint'), ['-l'], {NODE_OPTIONS: `--require=${directory}/old.cjs`}),
    {
      code: 69,
      stdout: '',
      stderr:
        'entrypoint: Node 20.19.0 is too old: entrypoint needs 24.11 or later\nfix: install a newer Node (https://nodejs.org), or put it first on PATH\n',
    },
  );
});

test('a home directory that cannot be written only slows the start', () => {
  const cwd = service({'tasks.ts': shop});
  for (const HOME of ['/', '/proc/nowhere', '']) {
    assert.deepEqual(called(entrypoint, ['greet'], {HOME}, cwd), {code: 0, stdout: 'hello world\n', stderr: ''}, HOME);
  }
});
