import assert from 'node:assert/strict';
import {rmSync} from 'node:fs';
import {join} from 'node:path';
import {suite, test} from 'node:test';
import {isProblem} from '../../../src/errors.ts';
import {withBuildContext} from '../../../src/image/context.ts';
import {readSource} from '../../../src/image/source.ts';
import {readContentHash, readVersion} from '../../../src/image/version.ts';
import {noEcho} from '../../../src/shell/echo.ts';
import {systemRunner} from '../../../src/shell/runners/system.ts';
import {directoryWith} from '../../support/directory.ts';
import {commit, environment as env, filesIn, git, put, repository} from '../../support/repository.ts';

const contextIn = (cwd: string) => ({
  cwd,
  env,
  run: systemRunner({cwd, env, echo: noEcho, stdout: () => {}, stderr: () => {}}),
});
const versionIn = (cwd: string) => readVersion(contextIn(cwd));

/** The files that a build in `cwd` gets. */
async function contextOf(cwd: string): Promise<Record<string, string>> {
  const context = contextIn(cwd);
  return withBuildContext(context, {version: await readVersion(context)}, async (directory) => filesIn(directory));
}

const json = (value: object): string => JSON.stringify(value);
/** Two services with a common library in a workspace of npm, and a directory that is in no package. */
const workspace = {
  'package.json': json({private: true, workspaces: ['packages/*', 'services/*']}),
  'package-lock.json': '{}',
  'tsconfig.json': '{}',
  '.dockerignore': 'node_modules\n*.md\n',
  'README.md': 'x',
  'docs/a.md': 'x',
  'packages/lib/package.json': json({name: '@acme/lib', dependencies: {'@acme/deep': '*'}}),
  'packages/lib/index.js': 'lib',
  'packages/deep/package.json': json({name: '@acme/deep'}),
  'packages/deep/index.js': 'deep',
  'packages/other/package.json': json({name: '@acme/other'}),
  'packages/other/index.js': 'other',
  'services/shop/package.json': json({name: '@acme/shop', dependencies: {'@acme/lib': '*'}}),
  'services/shop/Dockerfile': 'FROM entrypoint/node-service:26\n',
  'services/shop/.dockerignore': 'tmp\n',
  'services/shop/deploy.yaml': 'port: 3000\n',
  'services/shop/src/server.js': 'shop',
  'services/stock/package.json': json({name: '@acme/stock'}),
  'services/stock/server.js': 'stock',
};

suite('a service in a workspace', () => {
  test('gets the packages it depends on, the files beside them, and the manifests of all in a directory of their own', async () => {
    const root = repository(workspace);
    const files = await contextOf(join(root, 'services/shop'));
    assert.deepEqual(
      Object.keys(files).filter((name) => !name.startsWith('.entrypoint/manifests/')),
      [
        '.dockerignore',
        'README.md',
        'package-lock.json',
        'package.json',
        'packages/deep/index.js',
        'packages/deep/package.json',
        'packages/lib/index.js',
        'packages/lib/package.json',
        'services/shop/.dockerignore',
        'services/shop/Dockerfile',
        'services/shop/Dockerfile.dockerignore',
        'services/shop/deploy.yaml',
        'services/shop/package.json',
        'services/shop/src/server.js',
        'tsconfig.json',
      ],
    );
    assert.deepEqual(
      Object.keys(files).flatMap((name) => name.split('.entrypoint/manifests/')[1] ?? []),
      [
        '.entrypoint-manifests',
        'package-lock.json',
        'package.json',
        'packages/deep/package.json',
        'packages/lib/package.json',
        'packages/other/package.json',
        'services/shop/package.json',
        'services/stock/package.json',
      ],
    );
    assert.equal(
      files['services/shop/Dockerfile.dockerignore'],
      'node_modules\n*.md\nservices/shop/tmp\nservices/shop/Dockerfile.dockerignore\n',
    );
  });

  test('the root itself gets everything, and the manifests with what else the install reads', async () => {
    const root = repository({
      ...workspace,
      'package.json': json({workspaces: ['packages/*'], dependencies: {a: 'file:lib/a'}}),
      'lib/a/index.js': 'a',
      Dockerfile: 'FROM entrypoint/node-service:26\n',
    });
    const files = Object.keys(await contextOf(root));
    assert.ok(files.includes('services/stock/server.js'));
    assert.deepEqual(
      files.flatMap((name) => name.split('.entrypoint/manifests/')[1] ?? []),
      [
        '.entrypoint-manifests',
        'lib/a/index.js',
        'package-lock.json',
        'package.json',
        'packages/deep/package.json',
        'packages/lib/package.json',
        'packages/other/package.json',
      ],
    );
  });

  test('the install knows whose lock file it reads: of the workspace, or of a service that none lists', async () => {
    const marker = '.entrypoint/manifests/.entrypoint-manifests';
    const root = repository(workspace);
    assert.equal((await contextOf(join(root, 'services/shop')))[marker], '');
    const alone = repository({
      'package.json': '{}',
      'lib/package.json': '{}',
      'lib/index.js': 'lib',
      'apps/web/package.json': json({dependencies: {lib: 'file:../../lib'}}),
      'apps/web/package-lock.json': '{}',
    });
    const files = await contextOf(join(alone, 'apps/web'));
    assert.equal(files[marker], 'apps/web');
    assert.ok('lib/index.js' in files && '.entrypoint/manifests/apps/web/package-lock.json' in files);
  });

  test('has the version of the last commit that changed what its image contains', async () => {
    const root = repository(workspace);
    const shop = join(root, 'services/shop');
    const first = git(root, 'rev-parse', 'HEAD').trim();
    for (const name of [
      'services/stock/server.js',
      'docs/a.md',
      'README.md',
      'services/shop/deploy.yaml',
      'new/file',
    ]) {
      put(root, name, 'changed');
      assert.deepEqual([(await versionIn(shop)).commit], [first], `${name} does not count`);
      commit(root);
      assert.deepEqual([(await versionIn(shop)).commit], [first], `${name} does not count`);
    }
    for (const name of [
      'packages/deep/index.js',
      'services/shop/new.js',
      'tsconfig.json',
      'services/stock/package.json',
    ]) {
      const before = (await versionIn(shop)).commit;
      put(root, name, name.endsWith('.json') ? '{"a": 1}' : 'changed');
      const {commit: dirty, dirtyFiles} = await versionIn(shop);
      assert.deepEqual([dirty, dirtyFiles], [`${before}-dirty`, 1], name);
      assert.equal((await versionIn(shop)).commit, dirty);
      assert.equal(commit(root), (await versionIn(shop)).commit, name);
    }
  });

  test('a linked worktree is a repository like any other', async () => {
    const root = repository(workspace);
    const linked = join(directoryWith({}), 'linked');
    git(root, 'worktree', 'add', '--quiet', linked, '-b', 'other');
    const shop = join(linked, 'services/shop');
    assert.equal((await versionIn(shop)).commit, git(root, 'rev-parse', 'HEAD').trim());
    assert.equal((await contextOf(shop))['packages/lib/index.js'], 'lib');
    put(linked, 'packages/lib/index.js', 'changed');
    assert.equal((await contextOf(shop))['packages/lib/index.js'], 'changed');
    assert.equal((await versionIn(join(root, 'services/shop'))).dirtyFiles, 0);
  });

  test('paths and a context of deploy.yaml', async () => {
    const root = repository(workspace);
    const shop = join(root, 'services/shop');
    put(shop, 'deploy.yaml', 'image: {paths: [../../docs]}\n');
    assert.ok('docs/a.md' in (await contextOf(shop)));
    put(shop, 'deploy.yaml', 'image: {context: ../.., dockerfile: ../stock/server.js}\n');
    const source = await readSource(shop);
    assert.deepEqual(
      [source.root, source.directory, source.dockerfile],
      [root, 'services/shop', 'services/stock/server.js'],
    );
    assert.ok('packages/other/index.js' in (await contextOf(shop)));
    // Whatever the form: a byte order mark first, quoted, in braces, from an anchor.
    for (const text of [
      '\uFEFFimage: {context: ../..}\n',
      '"image": {context: ../..}\n',
      '{port: 80, image: {context: ../..}}\n',
      'x-all: &all {image: {context: ../..}}\n<<: *all\n',
    ]) {
      put(shop, 'deploy.yaml', text);
      assert.equal((await readSource(shop)).directory, 'services/shop', text);
      assert.deepEqual((await readSource(shop)).files, ['.'], text);
    }
    put(shop, 'deploy.yaml', 'image: {context: src}\n');
    await assert.rejects(readSource(shop), (error) => isProblem(error) && error.code === 'outside_context');
  });
});

test('a dependency outside the repository is refused', async () => {
  const outer = directoryWith({'lib/package.json': '{}'});
  put(outer, 'repository/package.json', json({dependencies: {lib: 'file:../lib'}}));
  git(join(outer, 'repository'), 'init', '--quiet');
  await assert.rejects(
    readSource(join(outer, 'repository')),
    (error) => isProblem(error) && error.code === 'outside_repository' && error.exitCode === 65,
  );
});

test('deploy.yaml does not count, nor what docker ignores; a commit without changes is no version', async () => {
  const root = repository({'a.js': 'a', 'deploy.yaml': '', '.dockerignore': 'docs\n', 'docs/a': 'a'});
  const first = git(root, 'rev-parse', 'HEAD').trim();
  put(root, 'deploy.yaml', 'port: 80\n');
  put(root, 'docs/b', 'b');
  assert.deepEqual(await versionIn(root), {
    commit: first,
    tag: first.slice(0, 12),
    dirtyFiles: 0,
    hasRepository: true,
    from: 'commit',
  });
  commit(root);
  git(root, 'commit', '--quiet', '--allow-empty', '--message', 'nothing');
  assert.equal((await versionIn(root)).commit, first);
});

test('the line ends of Windows in a checkout are no change', async () => {
  const root = repository({'a.js': 'a\nb\n'});
  const checkout = join(directoryWith({}), 'checkout');
  git(root, '-c', 'core.autocrlf=true', 'clone', '--quiet', root, checkout);
  put(checkout, 'a.js', 'a\r\nb\r\n');
  assert.equal((await versionIn(checkout)).dirtyFiles, 0);
  assert.equal((await contextOf(checkout))['a.js'], 'a\nb\n');
});

test('the hash of a dirty tree changes with its files, and is that of the build', async () => {
  const root = repository({'a.js': 'a', 'deploy.yaml': '', '.gitignore': 'ignored\n'});
  put(root, 'b.js', 'b');
  const context = contextIn(root);
  const hash = async () => readContentHash(context, await readSource(root));
  const first = await hash();
  assert.match(first, /^[0-9a-f]{40}$/);
  const built = await withBuildContext(
    context,
    {version: await readVersion(context)},
    async (_, all) => all.contentHash,
  );
  assert.equal(built, first);
  put(root, 'ignored', 'x');
  put(root, 'deploy.yaml', 'port: 80\n');
  assert.equal(await hash(), first);
  put(root, 'b.js', 'c');
  const second = await hash();
  assert.notEqual(second, first);
  rmSync(join(root, 'a.js'));
  assert.notEqual(await hash(), second);
});

test('without a repository, the version is a hash of the files that git would not ignore', async () => {
  const files = {
    'a.js': 'a',
    '.gitignore': '.env\n',
    '.env': 'SECRET=1',
    'node_modules/x/index.js': 'x',
    'deploy.yaml': '',
  };
  const root = directoryWith(files);
  const version = await versionIn(root);
  assert.match(version.commit, /^[0-9a-f]{40}$/);
  assert.deepEqual([version.dirtyFiles, version.hasRepository, version.from], [0, false, 'content']);
  assert.deepEqual(Object.keys(await contextOf(root)), ['.gitignore', 'a.js', 'deploy.yaml']);
  put(root, 'deploy.yaml', 'port: 80\n');
  assert.equal((await versionIn(root)).commit, version.commit);
  assert.equal((await versionIn(directoryWith(files))).commit, version.commit, 'the same files, the same version');
  put(root, 'a.js', 'b');
  assert.notEqual((await versionIn(root)).commit, version.commit);
});

test('a worktree whose repository is not there is versioned by its content', async () => {
  const root = directoryWith({'.git': 'gitdir: /nowhere/.git/worktrees/x\n', 'a.js': 'a'});
  assert.equal((await versionIn(root)).from, 'content');
  assert.deepEqual(await contextOf(root), {'a.js': 'a'});
});
