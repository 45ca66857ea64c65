import assert from 'node:assert/strict';
import {readFileSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {entrypoint, makeTiny} from './tiny.ts';

const root = join(import.meta.dirname, '../..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const {scripts} = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  scripts: Readonly<Record<string, string>>;
};

const blocks = [...readme.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, text = '']) => text);
const inProject = (block: string): boolean => block.startsWith('npm ');

test('every npm command of the README is a script of the project', () => {
  const lines = blocks.filter(inProject).flatMap((block) => block.trim().split('\n'));
  assert.ok(lines.length >= 2);
  for (const line of lines) {
    const [, name = ''] = /^npm (?:run )?([\w:]+)/.exec(line) ?? [];
    assert.ok(scripts[name] !== undefined, `${line}: package.json has no script ${name}`);
  }
});

test('an existing service adopts entrypoint with exactly the commands of the README', () => {
  const {name, directory, run, write, commit, leftovers} = makeTiny();
  for (const file of ['Dockerfile', 'deploy.yaml', 'package-lock.json']) rmSync(join(directory, file));
  write('package.json', `{"name": "${name}", "type": "module"}\n`);
  commit();
  const commands = blocks.filter((block) => !inProject(block)).join('');
  assert.match(commands, /entrypoint deploy local/);
  const script = `set -eu\nPATH=${join(entrypoint, '..')}:$PATH\ngit config user.name t\ngit config user.email t@example.com\n${commands}`;
  const {code, stdout, stderr} = run('sh', ['-x'], {input: script});
  assert.equal(code, 0, stderr);
  assert.match(stdout, /release 2 serves at http:\/\/127\.0\.0\.1:\d+/);
  assert.deepEqual(leftovers(), []);
});
