import assert from 'node:assert/strict';
import {mkdirSync, writeFileSync} from 'node:fs';
import {join, relative} from 'node:path';
import {suite, test} from 'node:test';
import {isProblem} from '../../../src/errors.ts';
import {workspaceOf} from '../../../src/image/workspace.ts';
import {directoryWith} from '../../support/directory.ts';

/** The workspace of a service: its root and the service's directory, relative to the repository, and its packages. */
async function found(service: string, files: Readonly<Record<string, string>>) {
  const repository = directoryWith(files);
  mkdirSync(join(repository, '.git'));
  const {root, directory, needed, members} = await workspaceOf(join(repository, service));
  return {root: relative(repository, root), directory, needed, members};
}

const json = (value: object): string => JSON.stringify(value);
const shop = {'services/shop/package.json': json({name: 'shop', dependencies: {lib: 'workspace:*'}})};
const lib = {'packages/lib/package.json': json({name: 'lib'}), 'packages/other/package.json': json({name: 'other'})};
const expected = {
  root: '',
  directory: 'services/shop',
  needed: ['packages/lib', 'services/shop'],
  members: ['packages/lib', 'packages/other', 'services/shop'],
};

const member = (name: string, ...dependencies: readonly string[]): string =>
  `[project]\nname = "${name}"\n[tool.uv.sources]\n${dependencies.map((one) => `${one} = {workspace = true}\n`).join('')}`;

suite('the workspace of a service', () => {
  test('npm, yarn and bun', async () => {
    for (const workspaces of [['packages/*', 'services/*'], {packages: ['packages/*/', './services/shop']}])
      assert.deepEqual(await found('services/shop', {...shop, ...lib, 'package.json': json({workspaces})}), expected);
  });

  test('pnpm, with exclusions', async () => {
    const file = 'packages: ["packages/*", "services/**", "!**/old"]\n';
    const old = {'services/old/package.json': '{}', 'services/shop/node_modules/x/package.json': '{}'};
    assert.deepEqual(
      await found('services/shop', {...shop, ...lib, ...old, 'pnpm-workspace.yaml': file, 'package.json': '{}'}),
      expected,
    );
  });

  test('uv, by normalised names, transitively', async () => {
    assert.deepEqual(
      await found('backend', {
        'pyproject.toml': '[tool.uv.workspace]\nmembers = ["backend", "libs/*"]\nexclude = ["libs/none"]\n',
        'backend/pyproject.toml': member('backend', 'My_Lib'),
        'libs/my/pyproject.toml': member('my-lib', 'deep'),
        'libs/deep/pyproject.toml': member('deep'),
        'libs/other/pyproject.toml': member('other'),
        'libs/none/pyproject.toml': member('none'),
      }),
      {
        root: '',
        directory: 'backend',
        needed: ['backend', 'libs/deep', 'libs/my'],
        members: ['backend', 'libs/deep', 'libs/my', 'libs/other'],
      },
    );
  });

  test('paths: the directory that contains them is the root', async () => {
    const node = {'a/services/shop/package.json': json({dependencies: {lib: 'file:../../lib', x: 'file:./x'}})};
    assert.deepEqual(await found('a/services/shop', {...node, 'a/lib/package.json': '{}', 'package.json': '{}'}), {
      root: 'a',
      directory: 'services/shop',
      needed: ['lib', 'services/shop'],
      members: ['lib', 'services/shop'],
    });
    for (const manifest of [
      {'shop/pyproject.toml': '[tool.uv.sources]\nlib = {path = "../lib", editable = true}\n'},
      {'shop/pyproject.toml': '[tool.poetry.group.dev.dependencies]\nlib = {path = "../lib", develop = true}\n'},
      {'shop/requirements.txt': 'flask==3.1\n-e ../lib[extra]\n../wheels/x.whl\n'},
      {'shop/requirements.txt': '../lib # ours\n'},
    ])
      assert.deepEqual((await found('shop', {...manifest, 'lib/pyproject.toml': ''})).needed, ['lib', 'shop']);
  });

  test('an ordinary service is its own: beside others, below a root that does not list it, and as the root itself', async () => {
    const own = {root: 'shop', directory: '', needed: [''], members: ['']};
    assert.deepEqual(await found('shop', {'shop/package.json': '{}', 'stock/package.json': '{}'}), own);
    const root = json({workspaces: ['packages/*']});
    assert.deepEqual(await found('shop', {'shop/package.json': '{}', 'package.json': root}), own);
    assert.deepEqual(await found('', {'package.json': root, ...lib}), {
      root: '',
      directory: '',
      needed: [''],
      members: ['', 'packages/lib', 'packages/other'],
    });
  });

  test('what an install reads besides manifests: directories, archives and patches below each package', async () => {
    const dependencies = {a: 'file:lib/a', b: 'file:./vendor/b.tgz', c: 'file:gone', d: './lib/d', e: '^1.0.0'};
    const repository = directoryWith({
      'package.json': json({dependencies, workspaces: ['packages/*'], patchedDependencies: {e: 'fixes/e.patch'}}),
      'lib/a/index.js': '',
      'lib/d/index.js': '',
      'vendor/b.tgz': '',
      'fixes/e.patch': '',
      'packages/x/package.json': json({dependencies: {own: 'file:own'}}),
      'packages/x/own/index.js': '',
    });
    mkdirSync(join(repository, '.git'));
    const expectedInputs = ['fixes/e.patch', 'lib/a', 'lib/d', 'packages/x/own', 'vendor/b.tgz'];
    assert.deepEqual((await workspaceOf(repository)).inputs, expectedInputs);
    assert.deepEqual((await workspaceOf(join(repository, 'packages/x'))).inputs, expectedInputs);
  });

  test('a directory beside the service: npm links it, the other managers copy all of it', async () => {
    const repository = directoryWith({
      'shop/package.json': json({dependencies: {lib: 'file:../lib', tool: 'link:../tool'}}),
      'lib/package.json': '{}',
      'tool/package.json': '{}',
    });
    mkdirSync(join(repository, '.git'));
    const inputs = async (): Promise<readonly string[]> => (await workspaceOf(join(repository, 'shop'))).inputs;
    assert.deepEqual(await inputs(), ['lib']);
    writeFileSync(join(repository, 'shop/package-lock.json'), '{}');
    assert.deepEqual(await inputs(), []);
  });

  test('a manifest that cannot be read is named', async () => {
    for (const files of [{'pnpm-workspace.yaml': 'a: [', 'package.json': '{}'}, {'pyproject.toml': 'a = '}])
      await assert.rejects(
        found('shop', {...files, 'shop/package.json': '{}'}),
        (error) => isProblem(error) && error.code === 'bad_package_file' && error.exitCode === 65,
      );
  });
});
