import assert from 'node:assert/strict';
import {chmodSync} from 'node:fs';
import {join} from 'node:path';
import {describe, test} from 'node:test';
import {nodeChecks} from '../../../../src/runtimes/node/checks.ts';
import {directoryWith} from '../../../support/directory.ts';

// What a service checks its source with: its own tools, as it runs them.

interface Manifest {
  readonly scripts?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly prettier?: object;
}

const place = (manifest: Manifest, programs: readonly string[], files: readonly string[] = []): string =>
  directoryWith({
    '.git/HEAD': '',
    'package.json': JSON.stringify(manifest),
    'package-lock.json': '{}',
    'a.js': '',
    ...Object.fromEntries(programs.map((name) => [`node_modules/.bin/${name}`, ''])),
    ...Object.fromEntries(files.map((name) => [name, '{}'])),
  });

const checks = (...given: Parameters<typeof place>): readonly string[] =>
  nodeChecks({cwd: place(...given)}).map((words) => words.join(' ').replace('node_modules/.bin/', ''));

const missing = (fix: string, message: string): object => ({code: 'not_installed', message, fix});

describe('static analysis of a Node service', () => {
  test('runs what is configured, in any spelling of its file, and no linter of the toolkit beside it', () => {
    for (const file of ['eslint.config.js', 'eslint.config.mts', '.eslintrc.json', '.eslintrc'])
      assert.equal(checks({}, ['eslint', 'tsc'], [file])[0], 'eslint .', file);
    assert.deepEqual(checks({}, ['biome', 'tsc'], ['biome.jsonc']), ['biome check .']);
    assert.deepEqual(checks({}, ['oxlint', 'oxfmt', 'tsc'], ['.oxlintrc.json', '.oxfmtrc.json']), [
      'oxlint --deny-warnings',
      'oxfmt --check .',
    ]);
    assert.deepEqual(checks({prettier: {}}, ['prettier', 'eslint', 'tsc'], ['.eslintrc.cjs']), [
      'eslint .',
      'prettier --check .',
    ]);
  });

  test('runs it with the words of a script that changes nothing', () => {
    const scripts = {
      'lint:fix': 'eslint --fix .',
      lint: "eslint 'src/**/*.js' --max-warnings=0 && prettier --check src",
      typecheck: 'tsc --noEmit -p tsconfig.build.json',
      build: 'tsc',
    };
    assert.deepEqual(checks({scripts}, ['eslint', 'prettier', 'tsc'], ['eslint.config.js']), [
      'eslint src/**/*.js --max-warnings=0',
      'prettier --check src',
      'tsc --noEmit -p tsconfig.build.json',
    ]);
    assert.deepEqual(checks({scripts: {lint: 'eslint . | tee log'}}, ['eslint', 'tsc'], ['eslint.config.js']), [
      'eslint .',
    ]);
    assert.deepEqual(checks({scripts: {check: 'npx vue-tsc --build'}}, ['vue-tsc', 'eslint'], ['.eslintrc']), [
      'eslint .',
      'vue-tsc --build',
    ]);
  });

  test('without a linter of its own has that of the toolkit, which leaves the dependencies out', () => {
    assert.deepEqual(checks({}, ['oxlint', 'tsc']), ['oxlint --deny-warnings --ignore-pattern=node_modules']);
  });

  test('keeps no cache where nothing can be written', {skip: process.getuid?.() === 0 && 'root can write'}, () => {
    const cwd = place(
      {scripts: {lint: 'eslint --cache --cache-location .cache/x .'}},
      ['eslint', 'tsc'],
      ['.eslintrc'],
    );
    chmodSync(cwd, 0o555);
    try {
      assert.deepEqual(nodeChecks({cwd})[0], ['node_modules/.bin/eslint', '.']);
    } finally {
      chmodSync(cwd, 0o755);
    }
  });

  test('says what is not installed, and takes no other tool for it', () => {
    const {cwd: fresh} = {
      cwd: directoryWith({
        '.git/HEAD': '',
        'package.json': '{"devDependencies": {"eslint": "9", "prettier": "3"}, "prettier": {}}',
        'package-lock.json': '{}',
        'eslint.config.js': '',
      }),
    };
    assert.throws(
      () => nodeChecks({cwd: fresh}),
      missing('npm ci', 'eslint and prettier are not installed: node_modules is missing'),
    );
    assert.throws(
      () => checks({}, ['tsc'], ['eslint.config.js']),
      missing('npm install --save-dev eslint', 'eslint is not installed'),
    );
    assert.throws(
      () => checks({devDependencies: {typescript: '4'}}, ['eslint'], ['.eslintrc', 'tsconfig.json']),
      missing('npm ci', 'tsc is not installed'),
    );
  });

  test('takes the configuration of the workspace above', () => {
    const root = directoryWith({
      '.git/HEAD': '',
      'package.json': '{"workspaces": ["apps/*"], "devDependencies": {"eslint": "9"}}',
      'eslint.config.js': '',
      'node_modules/.bin/eslint': '',
      'node_modules/.bin/tsc': '',
      'apps/a/package.json': '{}',
      'apps/a/a.js': '',
    });
    assert.deepEqual(nodeChecks({cwd: join(root, 'apps/a')}), [['../../node_modules/.bin/eslint', '.']]);
  });
});
