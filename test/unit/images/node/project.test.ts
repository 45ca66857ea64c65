import assert from 'node:assert/strict';
import {join} from 'node:path';
import {describe, test} from 'node:test';
import {assert as property, property as holds, string} from 'fast-check';
import {
  buildSteps,
  guardRefusals,
  ignoresScripts,
  lifecycleSteps,
  prismaDirectories,
  withoutLifecycle,
} from '../../../../images/node/lib/lifecycle.ts';
import {installCommand, isPlugAndPlay, yarnDrift} from '../../../../images/node/lib/manager/commands.ts';
import {linkedPackages} from '../../../../images/node/lib/placeholders.ts';
import {
  closureOf,
  inputPaths,
  type Manifest,
  outsideRefusals,
  type Project,
  readProject,
  yamlList,
} from '../../../../images/node/lib/project.ts';
import {usesGit} from '../../../../images/node/lib/service.ts';
import {envLines, namedVariables} from '../../../../images/node/lib/surroundings.ts';
import {directoryWith} from '../../../support/directory.ts';

const alone = (manifest: Manifest): Project => ({root: {directory: '.', manifest}, members: [], patterns: undefined});
const schema = (file: string): boolean => file === 'prisma/schema.prisma';
const having = (file: string, text: string) => (name: string) => (name === file ? text : undefined);
const none = (): undefined => undefined;

describe('a workspace', () => {
  const root = directoryWith({
    'package.json': '{"workspaces": ["packages/*", "!packages/old"]}',
    'packages/api/package.json': '{"name": "api", "dependencies": {"core": "*"}, "scripts": {"build": "x"}}',
    'packages/core/package.json': '{"name": "core", "scripts": {"postinstall": "x", "build": "x"}}',
    'packages/old/package.json': '{"name": "old"}',
    'packages/api/node_modules/x/package.json': '{}',
    'packages/web/package.json': '{"name": "web", "scripts": {"build": "x"}}',
  });
  const project = readProject(root);

  test('has its members in the order in which they need each other', () => {
    assert.deepEqual(
      project.members.map(({directory}) => directory),
      ['packages/core', 'packages/api', 'packages/web'],
    );
  });

  test('is built by the root, by every member, or for one of them', () => {
    const directories = (own: string, one = project): string[] =>
      buildSteps({...one, members: own === '' ? one.members : closureOf(one, own)}, own).map(
        ({directory}) => directory,
      );
    assert.deepEqual(directories(''), ['packages/core', 'packages/api', 'packages/web']);
    assert.deepEqual(directories('packages/api'), ['packages/core', 'packages/api']);
    const built = {...project, root: {directory: '.', manifest: {scripts: {build: 'turbo build'}}}};
    assert.deepEqual(directories('', built), ['.']);
    assert.deepEqual(directories('packages/api', built), ['packages/core', 'packages/api']);
  });

  test('pnpm lists members in a file of its own, in either style', () => {
    assert.deepEqual(
      yamlList('packages:\n  # all\n  - \'packages/*\'\n  - "!x" # not this\n\nother: 1\n', 'packages'),
      ['packages/*', '!x'],
    );
    assert.deepEqual(yamlList("packages: ['a', b]\n", 'packages'), ['a', 'b']);
    assert.equal(yamlList('catalog:\n  x: 1\n', 'packages'), undefined);
    assert.equal(
      readProject(directoryWith({'package.json': '{}', 'pnpm-workspace.yaml': 'nodeLinker: hoisted\n'})).patterns,
      undefined,
    );
  });

  test('no text makes the reader of lists fail', () => {
    property(holds(string(), (text) => Array.isArray(yamlList(`packages:${text}`, 'packages') ?? [])));
  });
});

describe('the scripts of the service itself', () => {
  test('are taken out for the install, and run afterwards', () => {
    const scripts = {preinstall: 'npx only-allow npm', postinstall: 'a', prepare: 'husky', build: 'b', test: 'c'};
    const kept = JSON.parse(withoutLifecycle(JSON.stringify({name: 'x', scripts})) ?? '') as Manifest;
    assert.deepEqual(kept, {name: 'x', scripts: {build: 'b', test: 'c'}});
    assert.equal(withoutLifecycle('{"scripts": {"build": "b"}}'), undefined);
    assert.deepEqual(
      lifecycleSteps(alone({scripts}), 'npm').map(({script}) => script),
      ['postinstall', 'prepare'],
    );
    assert.deepEqual(
      lifecycleSteps(alone({scripts}), 'berry').map(({script}) => script),
      ['postinstall'],
    );
    assert.deepEqual(guardRefusals(alone({scripts}), 'npm'), []);
    assert.equal(
      guardRefusals(alone({scripts}), 'pnpm')[0]?.what,
      "scripts.preinstall in package.json allows only npm, and the lock file is pnpm's",
    );
  });

  test('are not run where the settings switch scripts off', () => {
    assert.ok(ignoresScripts('npm', having('.npmrc', 'audit=false\nignore-scripts = true\n')));
    assert.ok(!ignoresScripts('npm', having('.npmrc', '# ignore-scripts=true\n')));
    assert.ok(ignoresScripts('yarn', having('.yarnrc', 'ignore-scripts true\n')));
    assert.ok(!ignoresScripts('berry', having('.npmrc', 'ignore-scripts=true\n')));
  });

  test('prisma generate runs where there is a schema, unless a script does it', () => {
    const dependencies = {'@prisma/client': '6'};
    assert.deepEqual(prismaDirectories(alone({dependencies}), schema), ['.']);
    assert.deepEqual(
      prismaDirectories(alone({dependencies}), () => false),
      [],
    );
    assert.deepEqual(prismaDirectories(alone({dependencies, scripts: {build: 'prisma generate && tsc'}}), schema), []);
    assert.deepEqual(
      prismaDirectories(alone({dependencies, scripts: {postinstall: 'npm run db', db: 'npx prisma generate'}}), schema),
      [],
    );
  });
});

describe('what an install reads besides manifests', () => {
  test('directories, archives and patches, in the spelling of each manager', () => {
    const manifest = {
      dependencies: {
        a: 'file:lib/a',
        b: './b',
        c: 'file:../c',
        d: '1.0.0',
        e: 'patch:e@npm%3A1.0.0#~/.yarn/patches/e.patch',
        f: 'vendor/f.tgz',
        g: 'npm:x@1',
      },
      pnpm: {patchedDependencies: {'h@1': 'fixes/h.patch'}},
    };
    const settings = 'patchedDependencies:\n  i@1: fixes/i.patch\n';
    assert.deepEqual(
      inputPaths(alone(manifest), (file) => (file === 'pnpm-workspace.yaml' ? settings : undefined)),
      ['lib/a', 'b', '../c', '.yarn/patches/e.patch', 'vendor/f.tgz', 'fixes/h.patch', 'fixes/i.patch'],
    );
    assert.match(
      outsideRefusals(['lib/a', '../c'])
        .map(({what}) => what)
        .join(),
      /^package\.json depends on \.\.\/c, which is outside/,
    );
  });

  test('package-lock.json repeats the manifest of a linked directory', () => {
    const lock = {
      packages: {'node_modules/a': {resolved: 'lib/a', link: true}, 'lib/a': {version: '2.0.0', bin: {x: 'x.js'}}},
    };
    assert.deepEqual(linkedPackages(JSON.stringify(lock)), [
      {path: 'lib/a', manifest: {name: 'a', version: '2.0.0', bin: {x: 'x.js'}}},
    ]);
  });

  test('git is fetched for dependencies from repositories only', () => {
    for (const range of ['git+https://x.example/a.git', 'github:a/b', 'a/b#main', 'https://x.example/a.git#v1'])
      assert.ok(usesGit(alone({dependencies: {a: range}}), ''), range);
    for (const range of ['^1.0.0', 'file:a/b', 'npm:@a/b@1', 'https://x.example/a.tgz', 'workspace:*', 'latest'])
      assert.ok(!usesGit(alone({dependencies: {a: range}}), ''), range);
    assert.ok(usesGit(alone({}), '"resolved": "git+ssh://git@github.com/a/b.git#00"'));
  });
});

describe('settings', () => {
  test('variables are required, or have a default', () => {
    assert.deepEqual(namedVariables('a=${A}\n# ${NO}\nb=${B-x}\nc: "${C:-}"\nd = "$D"\n'), {
      required: ['A', 'D'],
      optional: ['B', 'C'],
    });
  });

  test('lines of a secret are read as those of an env file', () => {
    assert.deepEqual(envLines('A=1\nexport B="two words"\n# C=3\nD=a=b\r\n'), {A: '1', B: 'two words', D: 'a=b'});
  });

  test('Plug and Play keeps its packages in the image', () => {
    assert.ok(isPlugAndPlay(undefined));
    assert.ok(!isPlugAndPlay('nodeLinker: node-modules\n'));
    assert.equal(
      installCommand({name: 'berry'}, {lock: 'yarn.lock', yarnSettings: ''}).env['YARN_ENABLE_GLOBAL_CACHE'],
      'false',
    );
  });
});

test('yarn 1 overlooks a changed member: its lock file is compared', () => {
  const project = {
    ...alone({dependencies: {a: '^1', 'left-pad': '1.0.0'}}),
    members: [{directory: join('packages', 'x'), manifest: {name: 'x', dependencies: {b: '2'}}}],
  };
  const lock = '# yarn lockfile v1\n\na@^1, "a@>=1":\n  version "1.0.0"\n\nleft-pad@1.0.0:\n  version "1.0.0"\n';
  assert.deepEqual(yarnDrift(project, lock)[0]?.evidence, ['missing in yarn.lock: b@2']);
  assert.deepEqual(yarnDrift(project, `${lock}\nb@2:\n  version "2.0.0"\n`), []);
  assert.deepEqual(inputPaths(project, none), []);
});
