import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {chooseManager, isRefused, memberLockRefusals} from '../../../../images/node/lib/manager/locks.ts';
import type {Manifest} from '../../../../images/node/lib/project.ts';

/** `pnpm 9.12.3 (packageManager in package.json)`, or what is refused. */
function chosen(manifest: Manifest, files: Readonly<Record<string, string>> = {}): string {
  const choice = chooseManager({manifest, read: (file) => files[file]});
  if (isRefused(choice)) return `refused: ${choice.map(({what}) => what).join('; ')}`;
  return `${choice.manager} ${choice.version} (${choice.because})`;
}

const exists = (file: string): boolean => file === 'packages/a/yarn.lock';

describe('the package manager', () => {
  test('is the one of the lock file, in a version that writes such a file', () => {
    assert.equal(chosen({}, {'package-lock.json': '{}'}), 'npm undefined (package-lock.json)');
    assert.equal(chosen({}, {'npm-shrinkwrap.json': '{}'}), 'npm undefined (npm-shrinkwrap.json)');
    assert.match(chosen({}, {'pnpm-lock.yaml': "lockfileVersion: '9.0'\n"}), /^pnpm 10\./);
    assert.match(
      chosen({}, {'pnpm-lock.yaml': "lockfileVersion: '9.0'\n", 'pnpm-workspace.yaml': 'allowBuilds:\n  a: true\n'}),
      /^pnpm 11 /,
    );
    assert.match(chosen({}, {'pnpm-lock.yaml': "lockfileVersion: '6.0'\n"}), /^pnpm 8\./);
    assert.match(chosen({}, {'pnpm-lock.yaml': 'lockfileVersion: 5.4\n'}), /^pnpm 7\./);
    assert.match(chosen({}, {'yarn.lock': '# yarn lockfile v1\n'}), /^yarn 1\.22\./);
    assert.match(chosen({}, {'yarn.lock': '__metadata:\n  version: 8\n'}), /^berry 4\./);
    assert.match(chosen({}, {'yarn.lock': '__metadata:\n  version: 6\n'}), /^berry 3\./);
    assert.match(chosen({}, {'bun.lock': '{}'}), /^bun /);
    assert.match(chosen({}, {'bun.lockb': ''}), /^bun /);
  });

  test('has the version of packageManager, devEngines or volta', () => {
    const lock = {'pnpm-lock.yaml': "lockfileVersion: '9.0'\n"};
    assert.equal(
      chosen({packageManager: 'pnpm@9.12.3+sha512.00ff'}, lock),
      'pnpm 9.12.3 (packageManager in package.json)',
    );
    assert.equal(
      chosen({packageManager: 'yarn@4.5.0'}, {'yarn.lock': '__metadata:\n  version: 8\n'}),
      'berry 4.5.0 (packageManager in package.json)',
    );
    assert.equal(chosen({packageManager: 'yarn@1.22.19'}), 'yarn 1.22.19 (packageManager in package.json)');
    assert.equal(
      chosen({devEngines: {packageManager: {name: 'pnpm', version: '^10'}}}, lock),
      'pnpm ^10 (devEngines.packageManager in package.json)',
    );
    assert.equal(chosen({volta: {pnpm: '9.1.0'}}, lock), 'pnpm 9.1.0 (volta.pnpm in package.json)');
  });

  test('is known without a lock file, by other files of its own', () => {
    assert.equal(chosen({}), 'npm undefined (no lock file)');
    assert.match(chosen({}, {'pnpm-workspace.yaml': 'packages: []\n'}), /^pnpm 10\./);
    assert.match(chosen({}, {'.yarnrc.yml': ''}), /^berry 4\./);
    assert.match(chosen({}, {'bunfig.toml': ''}), /^bun /);
  });

  test('is refused where it would read another lock file, or none can be chosen', () => {
    assert.equal(
      chosen({}, {'package-lock.json': '{}', 'yarn.lock': ''}),
      'refused: 2 lock files, and an install reads one: package-lock.json, yarn.lock',
    );
    assert.equal(
      chosen({packageManager: 'pnpm@10.0.0'}, {'package-lock.json': '{}'}),
      'refused: packageManager in package.json asks for pnpm, which does not read package-lock.json',
    );
    assert.match(chosen({packageManager: 'cnpm@1.0.0'}), /^refused: packageManager in package\.json is cnpm@1\.0\.0/);
    assert.match(chosen({packageManager: 'yarn@https://x.example/yarn.js'}), /^refused: packageManager/);
  });

  test('a lock file of a member is refused, unless pnpm keeps one for each', () => {
    const choice = {manager: 'npm', version: undefined, lock: 'package-lock.json', because: ''} as const;
    assert.deepEqual(memberLockRefusals(['packages/a', 'packages/b'], exists, choice), [
      {
        what: 'packages/a/yarn.lock is not read: its package belongs to the workspace, whose lock file is package-lock.json',
        fix: 'git rm packages/a/yarn.lock',
      },
    ]);
    assert.deepEqual(memberLockRefusals(['packages/a'], exists, {...choice, manager: 'pnpm', lock: undefined}), []);
  });
});
