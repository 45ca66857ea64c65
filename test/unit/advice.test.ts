import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {globSync, mkdirSync, readFileSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {suite, test} from 'node:test';
import {loadProblem} from '../../src/cli/report.ts';
import {isProblem} from '../../src/errors.ts';
import {readVersion} from '../../src/image/version.ts';
import {publishFix} from '../../src/registry/failures.ts';
import {runtimeOf} from '../../src/runtimes/index.ts';
import {testContext} from '../../src/task.ts';
import {directoryWith, temporaryDirectory} from '../support/directory.ts';

// What a message advises must fit the tools and the place of the user.

const missing = (directory: string): string | undefined => {
  const error = Object.assign(
    new Error(`Cannot find package 'left-pad' imported from ${join(directory, 'tasks.ts')}`),
    {code: 'ERR_MODULE_NOT_FOUND'},
  );
  return loadProblem(error, directory, 'tasks.ts').fix;
};

suite('a package that is missing is installed with the tool of the service', () => {
  const node: readonly (readonly [files: Readonly<Record<string, string>>, dev: string, add: string])[] = [
    [{'package-lock.json': '{}'}, 'npm install --save-dev typescript oxlint', 'npm install left-pad'],
    [{}, 'npm install --save-dev typescript oxlint', 'npm install left-pad'],
    [{'pnpm-lock.yaml': ''}, 'pnpm add --save-dev typescript oxlint', 'pnpm add left-pad'],
    [
      {'pnpm-workspace.yaml': ''},
      'pnpm add --workspace-root --save-dev typescript oxlint',
      'pnpm add --workspace-root left-pad',
    ],
    [{'yarn.lock': ''}, 'yarn add --dev typescript oxlint', 'yarn add left-pad'],
    [{'bun.lock': ''}, 'bun add --dev typescript oxlint', 'bun add left-pad'],
    [{'bun.lockb': ''}, 'bun add --dev typescript oxlint', 'bun add left-pad'],
  ];
  for (const [files, dev, add] of node)
    test(Object.keys(files).join() || 'package.json alone', () => {
      const directory = directoryWith({'package.json': '{}', ...files});
      assert.equal(runtimeOf(directory).installFix(directory, ['typescript', 'oxlint']), dev);
      assert.equal(missing(directory), add);
    });

  test('packageManager in package.json, and the root of a monorepo, count', () => {
    const root = directoryWith({
      '.git/HEAD': '',
      'package.json': '{"packageManager": "yarn@4.0.0"}',
      'services/shop/package.json': '{}',
      'services/api/package.json': '{"packageManager": "bun@1.2.0"}',
      'services/api/package-lock.json': '{}',
    });
    assert.equal(missing(join(root, 'services/shop')), 'yarn add left-pad');
    assert.equal(missing(join(root, 'services/api')), 'bun add left-pad');
  });

  test('what package.json lists already is only installed', () => {
    const listed = '{"devDependencies": {"left-pad": "1"}}';
    assert.equal(missing(directoryWith({'package.json': listed, 'pnpm-lock.yaml': ''})), 'pnpm install');
  });

  test('a service without package.json gets none', () => {
    assert.match(missing(directoryWith({'pyproject.toml': '', '.git/HEAD': ''})) ?? '', /^remove the import/);
  });

  const python: readonly (readonly [files: Readonly<Record<string, string>>, fix: RegExp])[] = [
    [{'uv.lock': '', 'pyproject.toml': ''}, /^uv add ruff mypy /],
    [{'poetry.lock': '', 'pyproject.toml': ''}, /^poetry add ruff mypy /],
    [{'pyproject.toml': '[tool.poetry]'}, /^poetry add ruff mypy /],
    [{'pdm.lock': '', 'pyproject.toml': ''}, /^pdm add ruff mypy /],
    [{Pipfile: '', 'a.py': ''}, /^pipenv install ruff mypy /],
    [{'requirements.txt': ''}, /^add ruff and mypy to requirements\.txt, then: .*pip install -r requirements\.txt /],
    [{'requirements.in': '', 'requirements.txt': ''}, /^add ruff and mypy to requirements\.in, then: pip-compile /],
    [{'pyproject.toml': '[project]'}, /^add ruff and mypy to `dependencies` in pyproject\.toml, then: .* -e \. /],
    [{'environment.yml': '', 'a.py': ''}, /^add ruff and mypy to environment\.yml/],
  ];
  for (const [files, fix] of python)
    test(Object.keys(files).join(), () => {
      const directory = directoryWith(files);
      assert.match(runtimeOf(directory).installFix(directory, ['ruff', 'mypy']), fix);
    });
});

/** What is advised where git finds no commit. */
async function fixIn(cwd: string): Promise<string> {
  const {context} = testContext({
    cwd,
    respond: ({words, env}) => {
      const [program = '', ...rest] = words;
      try {
        const stdout = execFileSync(program, rest, {
          encoding: 'utf8',
          env: {PATH: process.env['PATH'], ...env},
          stdio: ['ignore', 'pipe', 'pipe'],
        });
        return {stdout};
      } catch (error) {
        const {status, stderr} = error as {status: number; stderr: string};
        return {exitCode: status, stderr};
      }
    },
  });
  try {
    await readVersion(context);
  } catch (error) {
    if (isProblem(error) && error.code === 'no_commit') return error.fix ?? '';
    throw error;
  }
  return '';
}

const git = (cwd: string, ...words: string[]): void =>
  void execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...words], {cwd, stdio: 'ignore'});

suite('git init is advised only where no repository is', () => {
  test('in a worktree whose repository is not here, the repository is to be mounted', async () => {
    const [main, tree] = [temporaryDirectory(), join(temporaryDirectory(), 'tree')];
    git(main, 'init');
    git(main, 'commit', '--allow-empty', '--message', 'a');
    git(main, 'worktree', 'add', tree);
    rmSync(join(main, '.git'), {recursive: true});
    const fix = await fixIn(tree);
    assert.doesNotMatch(fix, /git init/);
  });

  test('in a repository without a commit, and in a folder of it, only the commit is missing', async () => {
    const root = temporaryDirectory();
    git(root, 'init');
    mkdirSync(join(root, 'services/shop'), {recursive: true});
    for (const cwd of [root, join(root, 'services/shop')]) assert.match(await fixIn(cwd), /^git add \. && git commit/);
  });

  test('a repository that git cannot read is not made anew', async () => {
    const root = temporaryDirectory();
    git(root, 'init');
    git(root, 'config', 'core.repositoryformatversion', '9');
    assert.match(await fixIn(root), /^see what git says: git -C /);
  });
});

test('what is missing in a registry is published with the tag that was asked for', () => {
  assert.equal(publishFix('0123456789ab'), 'entrypoint build publish');
  assert.match(publishFix('0123456789ab-dirty'), /^commit the changes, then: entrypoint build publish$/);
  assert.equal(publishFix('1.4.2'), 'entrypoint build --tag=1.4.2 publish --tag=1.4.2');
});

test('a command of a package manager or of git is advised by the modules that know which one is in use', () => {
  const root = join(import.meta.dirname, '../..');
  const knowing = [
    'src/runtimes/node/package-manager.ts',
    'src/runtimes/python/program.ts',
    // Of this project itself.
    'src/service/schema/image-name.ts',
  ];
  const found = globSync('src/**/*.ts', {cwd: root}).filter((file) =>
    readFileSync(join(root, file), 'utf8')
      .split('\n')
      .some(
        (line) =>
          !/^\s*(?:\*|\/\/|\/\*)/.test(line) &&
          /\b(?:npm|pnpm|yarn|bun|pip|poetry|pipenv) (?:install|add|ci|run)\b|\bgit init\b/.test(line),
      ),
  );
  assert.deepEqual(found.toSorted(), knowing);
});
