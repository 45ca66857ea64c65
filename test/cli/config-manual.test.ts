import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {readFileSync, statSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {test} from 'node:test';
import {directoryWith} from '../support/directory.ts';
import {cli, entrypoint, environment, service} from './harness.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/config.md'), 'utf8');
const blocks = [...page.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].map(([, language, text = '']) => ({language, text}));

// The files of docs/config.md, by the name in their first line.
const named = /^(?:;|#) (\S+\.\w+)\n/;
const files = Object.fromEntries(
  blocks.flatMap(({text}) => {
    const name = named.exec(text)?.[1];
    return name === undefined ? [] : [[name, text.replace(named, '')]];
  }),
);
const cwd = service(files);

for (const {text} of blocks.filter(({language}) => language === 'console')) {
  // Each command with the output that the page shows below it.
  for (const [, command = '', output = ''] of text.matchAll(/^\$ (.*)\n((?:(?!\$ ).*\n)*)/gm)) {
    test(`docs/config.md: ${command}`, () => {
      const env = environment({PATH: `${dirname(entrypoint)}:${process.env['PATH']}`, LC_ALL: 'C'});
      const {stdout, stderr, status} = spawnSync('sh', ['-c', command], {cwd, env, encoding: 'utf8'});
      assert.deepEqual({stdout, stderr, status}, {stdout: output, stderr: '', status: 0});
    });
  }
}

test('files with secrets can be read by their owner only', () => {
  assert.equal(statSync(join(cwd, 'env/prod.secrets.env')).mode & 0o777, 0o600);
  assert.equal(statSync(join(cwd, 'env/prod.env')).mode & 0o777, 0o644);
});

test('a directory that has files is not written to', () => {
  const {code, stderr} = cli(cwd, ['config', 'audit', 'etc/dev.ini', '--output=env']);
  assert.deepEqual(
    {code, stderr},
    {
      code: 64,
      stderr: 'entrypoint: --output must be a new directory, and env is there already\nfix: --output=env.new\n',
    },
  );
});

test('a dry run writes nothing and says what it would write', () => {
  const {code, stdout} = cli(cwd, ['-nq', 'config', 'audit', 'etc/dev.ini', '--output=other']);
  assert.deepEqual(
    {code, stdout},
    {
      code: 0,
      stdout:
        '#!/bin/sh\nset -eu\n# writes declaration.json, defaults.json, .gitignore, dev.env, dev.secrets.env into other\n',
    },
  );
  assert.equal(statSync(join(cwd, 'other'), {throwIfNoEntry: false}), undefined);
});

test('files that are missing, unknown or wrong are reported at once, without their words', () => {
  const directory = service({
    'a.json': '{"password": "Pl4nted",,}',
    'b.yaml': 'password: "Pl4nted\n',
    'c.toml': 'password = Pl4nted\n',
    'd.py': 'PASSWORD = "Pl4nted\nif\n',
    'e.ini': '[x]\n]Pl4nted[\n',
    'f.js': 'module.exports = {password: "Pl4nted"};\n',
  });
  const names = ['a.json', 'b.yaml', 'c.toml', 'd.py', 'e.ini', 'f.js', 'g.ini'];
  const {code, stdout, stderr} = cli(directory, ['--verbose', 'config', 'audit', ...names]);
  assert.deepEqual([code, stdout], [65, '']);
  assert.doesNotMatch(stderr, /Pl4nted/);
  for (const name of names) assert.match(stderr, new RegExp(`^  ${name}[: ]`, 'm'));
});

test('config audit is one task of two words', () => {
  assert.match(cli(cwd, ['--help', 'config', 'audit']).stdout, /^usage: entrypoint config audit FILE\.\.\./);
  assert.match(cli(cwd, ['-l']).stdout, /^ {2}config audit +Find out/m);
  assert.equal(cli(cwd, ['config_audit', 'etc/dev.ini']).stdout, cli(cwd, ['config', 'audit', 'etc/dev.ini']).stdout);
  assert.match(
    cli(cwd, ['config']).stdout,
    /^7 variables, declared in pyproject\.toml; in this shell, 4 are not valid\n/,
  );
  assert.match(cli(cwd, ['config', 'audit']).stderr, /^entrypoint: config audit needs FILE /);
});

test('the declaration in TypeScript of docs/config.md is one that the command reads', () => {
  const text =
    blocks.find(({language, text: its}) => language === 'ts' && its.startsWith('// src/config.ts'))?.text ?? '';
  const directory = service({'package.json': '{"name": "shop", "type": "module"}', 'src/config.ts': text});
  assert.match(
    cli(directory, ['config']).stdout,
    /^4 variables, declared in src\/config\.ts; in this shell, 2 are not valid\n/,
  );
  const {code, stdout} = cli(directory, ['--json', '-q', 'config']);
  const {variables} = JSON.parse(stdout) as {variables: readonly {name: string; origin?: string}[]};
  assert.deepEqual(
    [code, variables.map(({name, origin}) => `${name} ${origin}`)],
    [0, ['DATABASE_URL undefined', 'DATABASE_PASSWORD undefined', 'POOL_SIZE default', 'LOG_LEVEL default']],
  );
});

test('config without a declaration says how to make one, and its options exclude each other', () => {
  assert.deepEqual(cli(service({'package.json': '{}'}), ['config']), {
    code: 65,
    stdout: '',
    stderr:
      "entrypoint: this service declares no configuration\nfix: declare its variables: export default defineConfig({...}) of 'entrypoint/config' in src/config.ts, or [tool.entrypoint.config] in pyproject.toml (docs/config.md)\n",
  });
  assert.equal(cli(cwd, ['config', '--check', 'dev', '--format', 'env']).code, 64);
  assert.equal(cli(cwd, ['config', '--diff', 'dev']).code, 64);
  assert.match(cli(cwd, ['config', '--check', 'prd']).stderr, /prd is not an environment of shop/);
});

test('a list and a build keep defaults where tasks.ts reads configuration; a task does not', () => {
  const directory = service({
    'package.json': '{"name": "shop", "type": "module"}',
    'tasks.ts': `import {defineConfig} from 'entrypoint/config';
      import {task} from 'entrypoint';
      const config = defineConfig({PASSWORD: {type: 'text', secret: true}, NAME: {type: 'text', default: 'kiel'}}).read();
      export const show = task('Show ' + config.NAME, {}, async ({say}) => say(config.NAME));`,
  });
  assert.match(cli(directory, ['-l']).stdout, /show +Show kiel/);
  const {code, stderr} = cli(directory, ['show']);
  assert.deepEqual(
    [code, stderr.split('\n')[1]],
    [
      3,
      '  PASSWORD is not set: expected text; used by every task; set PASSWORD_FILE to the path of a file, or PASSWORD',
    ],
  );
});

test('run validates the environment of a Python service before its server starts', () => {
  const directory = directoryWith({
    'pyproject.toml': '[project]\nname = "shop"\n[tool.entrypoint.config]\nTOKEN = {type = "text", secret = true}\n',
    'app.py': 'app = None\n',
    'bin/gunicorn': '#!/bin/sh\necho served\n',
  });
  const path = `${directory}/bin:${process.env['PATH']}`;
  const wrong = cli(directory, ['run'], {PATH: path, TOKN: 'x'});
  assert.deepEqual([wrong.code, wrong.stdout], [3, '']);
  assert.match(
    wrong.stderr,
    /^# TOKN is not declared: did you mean TOKEN\?\nentrypoint: the configuration is not valid: 1 problem\n/,
  );
  assert.equal(cli(directory, ['run'], {PATH: path, TOKEN: 'x'}).stdout, 'served\n');
});
