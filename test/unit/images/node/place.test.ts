import assert from 'node:assert/strict';
import {join} from 'node:path';
import {describe, test} from 'node:test';
import {lifecycleSteps} from '../../../../images/node/lib/lifecycle.ts';
import {neighbours, serviceDirectory, strayLocks} from '../../../../images/node/lib/place.ts';
import {outsideRefusals, readProject} from '../../../../images/node/lib/project.ts';
import {directoryWith} from '../../../support/directory.ts';

const json = (value: object): string => JSON.stringify(value);

/** The directory that is installed, below the root of these files. */
function found(files: Readonly<Record<string, string>>, own = 'services/shop'): string {
  const root = directoryWith(files);
  return serviceDirectory(root, own).slice(root.length);
}

describe('a service below the root of the build', () => {
  const shop = {'services/shop/package.json': json({dependencies: {lib: 'file:../../lib'}})};
  const lib = {
    'lib/package.json': json({dependencies: {deep: 'link:../deep'}, scripts: {postinstall: 'x', prepare: 'tsc'}}),
    'deep/package.json': json({dependencies: {lib: 'file:../lib', gone: 'file:../gone'}}),
  };

  test('is installed where its workspace is, else in its own directory', () => {
    assert.equal(found(shop), '/services/shop');
    assert.equal(found({...shop, 'package.json': json({workspaces: ['services/*']})}), '');
    // A package.json of tools, for example.
    assert.equal(found({...shop, 'package.json': json({devDependencies: {prettier: '3'}})}), '/services/shop');
    assert.equal(found({...shop, 'package.json': '{}'}, ''), '');
    assert.equal(found({'package.json': '{}', 'services/shop/index.js': ''}), '');
  });

  test('has the packages beside it, each once, and what npm runs in them', () => {
    const directory = join(directoryWith({...shop, ...lib}), 'services/shop');
    const project = readProject(directory);
    const choice = {manager: 'npm'} as const;
    const beside = neighbours({directory, project, choice});
    assert.deepEqual(
      beside.map((one) => one.directory),
      ['../../lib', '../../deep'],
    );
    assert.deepEqual(lifecycleSteps(project, 'npm', beside), [{directory: '../../lib', script: 'prepare'}]);
    assert.deepEqual(lifecycleSteps(project, 'pnpm', beside), []);
    // Copied, with its dependencies in the service's lock file.
    assert.deepEqual(neighbours({directory, project, choice: {manager: 'pnpm'}}), []);
  });

  test('may depend on what the build gets, and on nothing outside of it', () => {
    assert.deepEqual(outsideRefusals(['../../lib', './x'], 'services/shop'), []);
    assert.equal(outsideRefusals(['../../../lib'], 'services/shop').length, 1);
  });
});

test('a lock file that nothing reads is named, but not those of tests, or of what a script installs', () => {
  const project = readProject(
    directoryWith({
      'package.json': json({workspaces: ['packages/*'], scripts: {build: 'npm --prefix web ci && webpack'}}),
      'packages/a/package.json': '{}',
    }),
  );
  const names = [
    'admin/package-lock.json',
    'api/uv.lock',
    'apps/site/pnpm-lock.yaml',
    'examples/x/yarn.lock',
    'lib/x/yarn.lock',
    'package-lock.json',
    'packages/a/yarn.lock',
    'test/bun.lock',
    'web/package-lock.json',
    'pack/yarn.lock',
    'requirements.txt',
  ];
  assert.deepEqual(strayLocks(names, project, ['lib/x']), [
    'admin/package-lock.json',
    'api/uv.lock',
    'apps/site/pnpm-lock.yaml',
    'pack/yarn.lock',
    'requirements.txt',
  ]);
});
