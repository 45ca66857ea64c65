import assert from 'node:assert/strict';
import {readdirSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {manifestName, runtimeOf, runtimes} from '../../../src/runtimes/index.ts';
import {directoryWith} from '../../support/directory.ts';
import {noPath, venv} from './python/place.ts';

const services = {
  node: directoryWith({
    'package.json': '{"name": "@shop/api", "main": "src/main.ts"}',
    'src/main.ts': '',
    'test/unit/a.test.ts': '',
  }),
  python: directoryWith({
    'pyproject.toml': '[project]\nname = "shop"\n[tool.entrypoint]\nmodule = "shop.server:app"\n',
    'test/unit/test_a.py': '',
    ...venv('pytest'),
  }),
};

test('each directory below src/runtimes is one runtime, and nothing else lists them', () => {
  const directories = readdirSync(join(import.meta.dirname, '../../../src/runtimes'), {withFileTypes: true})
    .filter((entry) => entry.isDirectory())
    .map(({name}) => name);
  assert.deepEqual(runtimes.map(({name}) => name).toSorted(), directories.toSorted());
  assert.deepEqual(Object.keys(services).toSorted(), directories.toSorted());
});

for (const [name, cwd] of Object.entries(services)) {
  test(`${name}: its directory is recognised, by this runtime only, and every member answers`, () => {
    const runtime = runtimeOf(cwd);
    assert.equal(runtime.name, name);
    assert.deepEqual(
      runtimes.filter(({matches}) => matches(cwd)).map((one) => one.name),
      [name],
    );
    assert.match(runtime.dockerfile(cwd), new RegExp(`^FROM entrypoint/${name}-service:[\\d.]+$`));
    assert.ok(Object.values(runtime.manifest(cwd)).every((value) => typeof value === 'string' && value !== ''));
    for (const one of runtime.checkPackages) assert.ok(runtime.installFix(cwd, runtime.checkPackages).includes(one));
    assert.ok(runtime.checks({cwd, env: noPath}).every((words) => words.length > 0));
    const {words} = runtime.tests({cwd, env: noPath, rest: ['--word']}, 'test/unit');
    assert.ok(words.includes('--word') && words.at(-1)?.startsWith('test/unit'), words.join(' '));
  });
}

test('a directory that no runtime matches is served by Node', () => {
  assert.equal(runtimeOf(directoryWith({'README.md': ''})).name, 'node');
});

test("a package.json makes it a Node service; its name is the first manifest's that has one", () => {
  const cwd = directoryWith({'package.json': '{}', 'pyproject.toml': '[project]\nname = "shop"\n'});
  assert.equal(runtimeOf(cwd).name, 'node');
  assert.equal(manifestName(cwd), 'shop');
  assert.equal(manifestName(services.node), '@shop/api');
  assert.equal(manifestName(directoryWith({})), undefined);
});
