import assert from 'node:assert/strict';
import {join} from 'node:path';
import {describe, test} from 'node:test';
import {node} from '../../../../src/runtimes/node/index.ts';
import {startedModule} from '../../../../src/runtimes/node/start-script.ts';
import {plugAndPlay} from '../../../../src/runtimes/node/tooling.ts';
import {directoryWith} from '../../../support/directory.ts';

const serves = (files: Readonly<Record<string, string>>): string => {
  const cwd = directoryWith(files);
  const served = node.serve({cwd, env: {PATH: process.env['PATH']}, rest: []}, {}, {});
  return 'words' in served ? (served.words.find((word) => /^[a-z]+\//.test(word)) ?? '') : '';
};

describe('the module that the start scripts run', () => {
  test('is completed as node does it, the script for production first', () => {
    assert.deepEqual(startedModule({start: 'nest start', 'start:prod': 'node dist/main'}), [
      'dist/main.js',
      'dist/main/index.js',
      'dist/main',
    ]);
    assert.deepEqual(startedModule({start: 'node ./bin/www'}), ['bin/www.js', 'bin/www/index.js', 'bin/www']);
    assert.deepEqual(startedModule({start: 'cross-env NODE_ENV=production node dist/index.js'}), ['dist/index.js']);
  });

  test('is not guessed from a script with options, which run would leave out', () => {
    assert.deepEqual(startedModule({start: 'node --require ./tracing.js server.js'}), []);
    assert.deepEqual(startedModule({start: 'next start', dev: 'node dev.js'}), []);
    assert.deepEqual(startedModule({start: 'node a.js && node b.js'}), []);
  });

  test('is served where `main` names no file', () => {
    const start = '"scripts": {"start:prod": "node dist/main"}';
    assert.equal(serves({'package.json': `{"main": "index.js", ${start}}`, 'dist/main.js': ''}), 'dist/main.js');
    assert.equal(serves({'package.json': `{${start}}`, 'dist/main.js': '', 'src/server.ts': ''}), 'src/server.ts');
  });
});

const proposed = (files: Readonly<Record<string, string>>): string => node.dockerfile(directoryWith(files)).slice(-2);

test('the Dockerfile to begin with has the Node that the repository asks for', () => {
  assert.equal(proposed({'.nvmrc': 'v24.1.0\n'}), '24');
  assert.equal(proposed({'.node-version': '26\n'}), '26');
  assert.equal(proposed({'package.json': '{"engines": {"node": "24.x"}}'}), '24');
  assert.equal(proposed({'package.json': '{"engines": {"node": ">=20 <25"}}'}), '24');
  assert.equal(proposed({'package.json': '{"engines": {"node": ">=24"}}'}), '26');
  assert.equal(proposed({}), '26');
});

test("Plug'n'Play's resolver is loaded before anything else, unless it is already", () => {
  const directory = directoryWith({'.pnp.cjs': '', '.pnp.loader.mjs': ''});
  const resolver = join(directory, '.pnp.cjs');
  assert.deepEqual(plugAndPlay(directory, {NODE_OPTIONS: '--enable-source-maps'}).env, {
    NODE_OPTIONS: `--require ${resolver} --experimental-loader file://${directory}/.pnp.loader.mjs --enable-source-maps`,
  });
  assert.deepEqual(plugAndPlay(directory, {NODE_OPTIONS: `--require ${resolver}`}), {});
  assert.deepEqual(plugAndPlay(directoryWith({}), {}), {});
});

test('a member of a workspace uses the programs that its root has installed', () => {
  const root = directoryWith({
    'package.json': '{"workspaces": ["packages/*"]}',
    'node_modules/.bin/vitest': '',
    'packages/api/package.json': '{}',
    'packages/api/test/unit/a.test.ts': '',
  });
  const {words} = node.tests({cwd: join(root, 'packages/api'), env: {}, rest: []}, 'test/unit');
  assert.deepEqual(words, ['../../node_modules/.bin/vitest', 'run', '--dir', 'test/unit']);
});
