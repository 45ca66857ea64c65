import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {readFileSync, statSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {test} from 'node:test';
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
  assert.deepEqual(cli(cwd, ['config']), {
    code: 64,
    stdout: '',
    stderr: 'entrypoint: config is not a task\nfix: did you mean config audit?\n',
  });
  assert.match(cli(cwd, ['config', 'audit']).stderr, /^entrypoint: config audit needs FILE /);
});
