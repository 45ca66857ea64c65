import assert from 'node:assert/strict';
import {chmodSync, existsSync, lstatSync, readFileSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {isProblem} from '../../../src/errors.ts';
import {withBuildContext} from '../../../src/image/context.ts';
import {readVersion} from '../../../src/image/version.ts';
import {noEcho} from '../../../src/shell/echo.ts';
import {systemRunner} from '../../../src/shell/runners/system.ts';
import {environment as env, filesIn, git, put, repository} from '../../support/repository.ts';

/** The files that a build in `cwd` gets, with their content. */
async function contextOf(cwd: string, include: readonly string[] = []): Promise<Record<string, string>> {
  const run = systemRunner({cwd, env, echo: noEcho, stdout: () => {}, stderr: () => {}});
  const version = await readVersion({run, cwd, env});
  let seen = '';
  const found = await withBuildContext({run, cwd, env}, {version, include}, async (directory) => {
    seen = directory;
    return filesIn(directory);
  });
  assert.equal(existsSync(seen), false, 'the directory is removed afterwards');
  return found;
}

const codeOf = (code: string) => (error: unknown) => isProblem(error) && error.code === code && error.exitCode === 65;

test('a clean build gets the files of the commit and nothing else', async () => {
  const directory = repository({'a.js': 'a', 'sub/b.js': 'b', '.gitignore': '.env\nnode_modules\n'});
  put(directory, '.env', 'SECRET=1');
  put(directory, 'node_modules/x/index.js', 'x');
  assert.deepEqual(await contextOf(directory), {'.gitignore': '.env\nnode_modules\n', 'a.js': 'a', 'sub/b.js': 'b'});
});

test('a dirty build gets changed and untracked files, without ignored ones and installed dependencies', async () => {
  const directory = repository({'a.js': 'a', 'b.js': 'b', '.gitignore': '.env\n'});
  put(directory, 'a.js', 'changed');
  rmSync(join(directory, 'b.js'));
  put(directory, 'new.js', 'new');
  put(directory, '.env', 'SECRET=1');
  put(directory, 'node_modules/x/index.js', 'x');
  const before = git(directory, 'status', '--porcelain');
  const objects = git(directory, 'count-objects');
  assert.deepEqual(await contextOf(directory), {'.gitignore': '.env\n', 'a.js': 'changed', 'new.js': 'new'});
  assert.equal(git(directory, 'status', '--porcelain'), before, 'the repository stays as it is');
  assert.equal(git(directory, 'count-objects'), objects);
});

test('what deploy.yaml includes is there although git ignores it', async () => {
  const directory = repository({'a.js': 'a', '.gitignore': 'generated\n'});
  put(directory, 'generated/g.js', 'g');
  assert.deepEqual(Object.keys(await contextOf(directory, ['generated'])), ['.gitignore', 'a.js', 'generated/g.js']);
});

test('a service below the root gets its own directory, with the attributes of the root', async () => {
  const directory = repository({'services/buy/a.js': 'a', 'services/sell/b.js': 'b', '.gitattributes': '*.js text\n'});
  assert.deepEqual(await contextOf(join(directory, 'services/buy')), {'a.js': 'a'});
});

test('modes and line ends are those of the commit, whatever umask and core.autocrlf', async (t) => {
  const directory = repository({'bin/run': 'x\n', 'a.txt': 'a\n'});
  git(directory, 'config', 'core.autocrlf', 'true');
  chmodSync(join(directory, 'a.txt'), 0o600);
  const umask = process.umask(0o077);
  t.after(() => process.umask(umask));
  const run = systemRunner({cwd: directory, env, echo: noEcho, stdout: () => {}, stderr: () => {}});
  const version = {dirtyFiles: 0, hasRepository: true};
  const modes = await withBuildContext({run, cwd: directory, env}, {version, include: []}, async (built) => [
    lstatSync(join(built, 'bin/run')).mode & 0o777,
    lstatSync(join(built, 'a.txt')).mode & 0o777,
    readFileSync(join(built, 'a.txt'), 'utf8'),
  ]);
  assert.deepEqual(modes, [0o755, 0o644, 'a\n']);
});

test('files that export-ignore names are part of the image: it runs the tests', async () => {
  const directory = repository({'a.js': 'a', 'test/a.test.js': 't', '.gitattributes': 'test export-ignore\n'});
  assert.ok('test/a.test.js' in (await contextOf(directory)));
});

test('the files of submodules are there; one that is not checked out, or at another commit, is refused', async () => {
  const library = repository({'lib.js': 'lib'});
  const directory = repository({'a.js': 'a'});
  git(directory, 'submodule', '--quiet', 'add', library, 'vendor/lib');
  git(directory, 'commit', '--quiet', '--message', 'submodule');
  assert.equal((await contextOf(directory))['vendor/lib/lib.js'], 'lib');
  put(directory, 'vendor/lib/new.js', 'new');
  assert.equal((await contextOf(directory))['vendor/lib/new.js'], 'new', 'changes in it are part of a dirty build');
  git(join(directory, 'vendor/lib'), 'commit', '--quiet', '--allow-empty', '--message', 'other');
  await assert.rejects(contextOf(directory), codeOf('submodule_differs'));
  git(directory, 'submodule', '--quiet', 'deinit', '--force', '--all');
  await assert.rejects(contextOf(directory), codeOf('submodule_differs'));
});

test('a pointer of Git LFS in a submodule is refused, with its path', async () => {
  const library = repository({
    'data/a.bin': 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n',
    '.gitattributes': '*.bin filter=lfs\n',
  });
  const directory = repository({'service/a.js': 'a'});
  git(directory, 'submodule', '--quiet', 'add', library, 'service/vendor/lib');
  git(directory, 'commit', '--quiet', '--message', 'submodule');
  await assert.rejects(
    contextOf(join(directory, 'service')),
    (error) => isProblem(error) && error.code === 'large_file_missing' && error.message.includes('a pointer'),
  );
});

test('a pointer of Git LFS in place of its file is refused', async () => {
  const directory = repository({
    'a.bin': 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n',
    '.gitattributes': '*.bin filter=lfs\n',
  });
  await assert.rejects(contextOf(directory), codeOf('large_file_missing'));
});
