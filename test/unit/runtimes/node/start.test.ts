import assert from 'node:assert/strict';
import {join} from 'node:path';
import {describe, test} from 'node:test';
import {isProblem} from '../../../../src/errors.ts';
import {node} from '../../../../src/runtimes/node/index.ts';
import {readScript} from '../../../../src/runtimes/node/start/script.ts';
import {nodeStart} from '../../../../src/runtimes/node/start/start.ts';
import {plugAndPlay} from '../../../../src/runtimes/node/tooling.ts';
import type {Words} from '../../../../src/shell/argv.ts';
import {directoryWith} from '../../../support/directory.ts';

const serves = (files: Readonly<Record<string, string>>): string => {
  const cwd = directoryWith(files);
  const served = node.serve({cwd, env: {PATH: process.env['PATH']}, rest: []}, {}, {});
  return 'words' in served ? (served.words.find((word) => /^[a-z]+\//.test(word)) ?? '') : '';
};

const run = (script: string, scripts: Readonly<Record<string, string>> = {}): unknown => {
  const read = readScript(script, scripts);
  if (read.kind !== 'start') return read.kind;
  const {file, program, args, env, nodeOptions} = read;
  return [file ?? `program ${program}`, args, env, nodeOptions];
};

describe('what a start script says', () => {
  test('a file of node, with its variables, options and words', () => {
    assert.deepEqual(run('node ./bin/www'), ['bin/www', [], {}, []]);
    assert.deepEqual(run('cross-env NODE_ENV=production node dist/index.js --seed 3'), [
      'dist/index.js',
      ['--seed', '3'],
      {NODE_ENV: 'production'},
      [],
    ]);
    assert.deepEqual(run('node --require ./tracing.js --enable-source-maps server.js'), [
      'server.js',
      [],
      {},
      ['--require', './tracing.js', '--enable-source-maps'],
    ]);
    assert.deepEqual(run('node --env-file=.env a.js'), ['a.js', [], {}, ['--env-file-if-exists=.env']]);
    assert.deepEqual(run('tsx src/server.ts'), ['src/server.ts', [], {}, ['--import', 'tsx']]);
    assert.deepEqual(run('bun run src/index.ts'), ['src/index.ts', [], {}, []]);
  });

  test('the program of a framework, also behind another script', () => {
    assert.deepEqual(run('next start -p 4000'), ['program next', ['start', '-p', '4000'], {}, []]);
    assert.deepEqual(run('npm run serve', {serve: 'fastify start -l info app.js'}), [
      'program fastify',
      ['start', '-l', 'info', 'app.js'],
      {},
      [],
    ]);
    assert.deepEqual(run('pnpm serve', {serve: 'PORT=1 node a.js'}), ['a.js', [], {PORT: '1'}, []]);
  });

  test('nothing, where it is for development, runs more, or is the command itself', () => {
    for (const script of ['next dev', 'nodemon a.js', 'node --watch a.js', 'tsx watch a.ts', 'nest start', 'vite'])
      assert.equal(run(script), 'development', script);
    for (const script of ['node a.js && node b.js', 'concurrently a b', 'sh start.sh', 'node -e 1', 'npm run a'])
      assert.equal(run(script), 'other', script);
    assert.equal(run('npm run a', {a: 'npm run a'}), 'other');
    assert.equal(run('entrypoint run'), 'own');
  });
});

const json = (value: object): string => JSON.stringify(value);
const fastify = {
  'node_modules/fastify-cli/package.json': json({bin: {fastify: 'cli.js'}}),
  'node_modules/fastify-cli/cli.js': '',
};

describe('the module that is served', () => {
  test('is that of the start script if it exists, then `main`, then a usual name', () => {
    const scripts = {'start:prod': 'node dist/main'};
    assert.equal(serves({'package.json': json({main: 'index.js', scripts}), 'dist/main.js': ''}), 'dist/main.js');
    assert.equal(serves({'package.json': json({scripts}), 'dist/main.js': '', 'src/server.ts': ''}), 'dist/main.js');
    assert.equal(serves({'package.json': json({scripts, main: 'lib/a.js'}), 'lib/a.js': ''}), 'lib/a.js');
    assert.equal(serves({'package.json': json({scripts}), 'src/server.ts': ''}), 'src/server.ts');
    const web = {Procfile: 'web: npm start\nrelease: x\n', 'package.json': json({scripts: {start: 'node lib/b.js'}})};
    assert.equal(serves({...web, 'lib/b.js': ''}), 'lib/b.js');
  });

  test('is the build of a framework, or its own program', () => {
    const nuxt = {'package.json': json({dependencies: {nuxt: '4.0.0'}, scripts: {start: 'nuxt dev'}})};
    assert.equal(
      nodeStart(directoryWith({...nuxt, '.output/server/index.mjs': ''})).module,
      '.output/server/index.mjs',
    );
    const plugin = {...fastify, 'package.json': json({scripts: {start: 'fastify start -p 4000 -l info app.js'}})};
    assert.deepEqual(nodeStart(directoryWith(plugin)), {
      module: 'node_modules/fastify-cli/cli.js',
      from: '`start` of package.json',
      args: ['start', '-l', 'info', 'app.js'],
      env: {},
      nodeOptions: [],
      port: '4000',
    });
  });

  test('fills gaps: the port of the script gives way to PORT, its variables to the environment', () => {
    const cwd = directoryWith({
      'package.json': json({scripts: {start: 'PORT=4000 MODE=a LEVEL=b node --import ./otel.js lib/a.js --seed'}}),
      'lib/a.js': '',
    });
    const served = (env: Record<string, string>): readonly [string, unknown] => {
      const command = node.serve({cwd, env: {PATH: process.env['PATH'], ...env}, rest: []}, {}, {});
      assert.ok('words' in command);
      return [command.words.join(' '), command.env];
    };
    const [words, env] = served({});
    assert.match(words, /--import \.\/otel\.js .*lib\/a\.js .*--bind=0\.0\.0\.0:4000.* -- --seed$/);
    assert.deepEqual(env, {MODE: 'a', LEVEL: 'b'});
    const [other, rest] = served({PORT: '5000', MODE: 'c'});
    assert.match(other, /--bind=0\.0\.0\.0:5000/);
    assert.deepEqual(rest, {LEVEL: 'b'});
    const printed = node.serve({cwd, env: {}, rest: []}, {printConfig: true}, {});
    assert.ok('text' in printed);
    assert.match(printed.text, /module +lib\/a\.js +`start` of package\.json/);
    assert.match(printed.text, /port +4000 +`start` of package\.json/);
  });

  test('a script that does more is named, and a program that is missing as well', () => {
    const more = {'package.json': json({main: 'a.js', scripts: {start: 'node b.js && node a.js'}}), 'a.js': ''};
    assert.match(
      nodeStart(directoryWith(more)).note ?? '',
      /does more than start a module, and is not followed: node b/,
    );
    const next = {
      'package.json': json({dependencies: {next: '16.0.0'}, scripts: {start: 'next start'}}),
      'package-lock.json': '{}',
    };
    assert.throws(() => nodeStart(directoryWith(next)), {
      code: 'not_installed',
      message: 'next is not installed: node_modules is missing',
      fix: 'npm ci (or build the image)',
    });
    const nest = {'package.json': json({scripts: {start: 'node dist/main', build: 'nest build'}})};
    assert.throws(() => nodeStart(directoryWith(nest)), {
      code: 'no_server_module',
      message: /no such module in .*: dist\/main \(`start` of package\.json\)/,
      fix: /^build it: npm run build; or name it/,
    });
  });
});

const servedWith = (env: Readonly<Record<string, string>>): {words: Words; warning: string | undefined} => {
  const cwd = directoryWith({'package.json': json({scripts: {start: 'node server.js'}}), 'server.js': ''});
  const served = node.serve({cwd, env, rest: []}, {}, {});
  return {words: 'words' in served ? served.words : [], warning: served.warning};
};

describe('what the environment names', () => {
  test('APP_MODULE of another server does not replace the start script, and a warning says so', () => {
    const {words, warning} = servedWith({APP_MODULE: 'app.main:app'});
    assert.ok(words.includes('server.js'), words.join(' '));
    assert.match(warning ?? '', /^deprecated environment variables: APP_MODULE \(ignored: no such file\)\nfix: /);
  });

  test('a module that is missing is named with its variable, and with every other error', () => {
    const ENTRYPOINT_RUN_MODULE = 'gone.js';
    assert.throws(() => servedWith({ENTRYPOINT_RUN_MODULE}), {
      code: 'no_server_module',
      exitCode: 65,
      message: /^no such module in .*: gone\.js \(ENTRYPOINT_RUN_MODULE\)$/,
    });
    assert.throws(
      () => servedWith({ENTRYPOINT_RUN_MODULE, ENTRYPOINT_RUN_TIMEOUT: 'soon'}),
      (error) => {
        assert.ok(isProblem(error));
        const text = [error.message, ...error.details].join('\n');
        assert.match(text, /ENTRYPOINT_RUN_TIMEOUT must be a number/);
        assert.match(text, /no such module in .*: gone\.js \(ENTRYPOINT_RUN_MODULE\)/);
        return true;
      },
    );
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
