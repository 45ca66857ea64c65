import assert from 'node:assert/strict';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, test} from 'node:test';
import {long} from '../support/long.ts';
import {mustBuild, needImages, type Repository, repository} from './image.ts';

// Every package manager and layout: built by a plain `docker build`, tested in its image, run, asked once, and built
// again after a changed line.

interface Layout {
  readonly fixture: string;
  readonly answer: string;
  /** What installs. */
  readonly command: string;
  /** Members' manifests are copied first, as by `entrypoint build`. */
  readonly workspace?: boolean;
  /** Part of `npm test`. */
  readonly quick?: boolean;
  /** package.json begins with a byte order mark, as some editors write it and every package manager reads it. */
  readonly marked?: boolean;
  /** What the output of the build has besides. */
  readonly says?: readonly RegExp[];
}

const own = [/set up/];
const layouts: readonly Layout[] = [
  {
    fixture: 'npm',
    answer: 'odd: patched',
    command: '$ npm ci',
    quick: true,
    marked: true,
    says: [/set up/, /\$ npm run prepare/, /built/],
  },
  {fixture: 'npm-workspace', answer: 'hello shared odd: true', command: '$ npm ci', workspace: true},
  {fixture: 'pnpm', answer: 'odd: true', command: '$ pnpm install --frozen-lockfile', says: own},
  {
    fixture: 'pnpm-workspace',
    answer: 'hello shared odd: patched',
    command: '$ pnpm install --frozen-lockfile',
    workspace: true,
  },
  {fixture: 'yarn', answer: 'odd: true', command: '$ yarn install --frozen-lockfile', says: own},
  {
    fixture: 'yarn-workspace',
    answer: 'hello shared odd: true',
    command: '$ yarn install --frozen-lockfile',
    workspace: true,
  },
  {fixture: 'berry', answer: 'odd: true', command: '$ yarn install --immutable', says: own},
  {fixture: 'berry-pnp', answer: 'odd: patched', command: '$ yarn install --immutable', says: own},
  {
    fixture: 'berry-workspace',
    answer: 'hello shared odd: true',
    command: '$ yarn install --immutable',
    workspace: true,
  },
  {fixture: 'bun', answer: 'odd: patched', command: '$ bun install --frozen-lockfile', says: own},
  {
    fixture: 'bun-workspace',
    answer: 'hello shared odd: true',
    command: '$ bun install --frozen-lockfile',
    workspace: true,
  },
];

function prefix(file: string, text: string): void {
  writeFileSync(file, `${text}${readFileSync(file, 'utf8')}`);
}

/** Appends a line of unique text: the engine's build cache outlives the test. */
function changeSource({directory, image}: Repository): void {
  const file = join(directory, 'src/server.js');
  writeFileSync(file, `${readFileSync(file, 'utf8')}// changed in ${image}\n`);
}

describe('the one-line Dockerfile', () => {
  for (const {fixture, answer, command, workspace = false, quick = false, marked = false, says = []} of layouts) {
    test(`installs, builds, tests and serves: ${fixture}`, quick ? {} : long, async () => {
      const service = repository(fixture);
      if (marked) prefix(join(service.directory, 'package.json'), '\uFEFF');
      if (workspace) service.collectManifests();
      changeSource(service);
      const output = await mustBuild(service);
      for (const pattern of says) assert.match(output, pattern);
      assert.match(await service.inside('entrypoint', 'test_unit'), /pass 1\b/);
      assert.equal(await service.answer(), answer);
      changeSource(service);
      const again = await mustBuild(service);
      assert.ok(!again.includes(command), `installed again:\n${again}`);
      assert.match(again, /install-dependencies --before-source\n(?:#\d+ sha256:\w+\n)?#\d+ CACHED/);
      assert.equal(await service.inside('sh', '-c', 'ls -a /content | grep -c entrypoint || :'), '0');
    });
  }

  test(
    'a workspace without collected manifests is installed after the source is copied, and says why',
    long,
    async () => {
      const service = repository('npm-workspace');
      const output = await mustBuild(service, {noCache: true});
      assert.match(output, /the install follows after the source is copied: it needs the packages of the workspace/);
      assert.match(output, /\$ npm ci/);
      assert.equal(await service.answer(), 'hello shared odd: true');
    },
  );

  test('prisma generate runs where there is a schema, with the programs of a local package', long, async () => {
    const service = repository();
    service.write({
      'package.json':
        '{"name": "b-prisma", "type": "module", "main": "server.js", "dependencies": {"prisma": "file:lib/prisma"}}\n',
      'package-lock.json': JSON.stringify({
        name: 'b-prisma',
        lockfileVersion: 3,
        requires: true,
        packages: {
          '': {name: 'b-prisma', dependencies: {prisma: 'file:lib/prisma'}},
          'lib/prisma': {version: '1.0.0', bin: {prisma: 'cli.js'}},
          'node_modules/prisma': {resolved: 'lib/prisma', link: true},
        },
      }),
      'lib/prisma/package.json': '{"name": "prisma", "version": "1.0.0", "bin": {"prisma": "cli.js"}}\n',
      'lib/prisma/cli.js':
        "#!/usr/bin/env node\nrequire('node:fs').writeFileSync('generated.js', `export const word = '${process.argv[2]}';`);\n",
      'prisma/schema.prisma': '',
      'server.js':
        "import {createServer} from 'node:http';\nimport {word} from './generated.js';\nexport default createServer((request, response) => response.end(word));\n",
    });
    const output = await mustBuild(service, {noCache: true});
    assert.match(output, /\$ npm ci\n/);
    assert.equal(await service.answer(), 'generate');
  });

  test('Node 24 is the tag 24 of the same images', long, async () => {
    needImages('node-service:24');
    const service = repository('npm');
    service.write({Dockerfile: 'FROM entrypoint/node-service:24\n', '.nvmrc': '24\n'});
    await mustBuild(service);
    assert.match(await service.inside('node', '--version'), /^v24\./);
    assert.match(await service.inside('entrypoint', 'test_unit'), /pass 1\b/);
    assert.equal(await service.answer(), 'odd: patched');
  });

  test('a service of a workspace is built alone, with what it needs', long, async () => {
    const service = repository('npm-workspace');
    service.write({
      'packages/other/package.json':
        '{"name": "@b/other", "version": "1.0.0", "scripts": {"build": "exit 9", "postinstall": "exit 9"}}\n',
      'packages/greet/src/server.js':
        "import {createServer} from 'node:http';\nimport {greet} from '../dist/index.js';\nexport default createServer((request, response) => response.end(greet()));\n",
    });
    const lock = join(service.directory, 'package-lock.json');
    const text = JSON.parse(readFileSync(lock, 'utf8')) as {packages: Record<string, unknown>};
    text.packages['node_modules/@b/other'] = {resolved: 'packages/other', link: true};
    text.packages['packages/other'] = {name: '@b/other', version: '1.0.0', hasInstallScript: true};
    writeFileSync(lock, JSON.stringify(text));
    service.collectManifests();
    const manifest = join(service.directory, 'packages/greet/package.json');
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace('dist/index.js"', 'src/server.js"'));
    await mustBuild(service, {buildArgs: {service_directory: 'packages/greet'}});
    assert.equal(await service.inside('pwd'), '/content/packages/greet');
    assert.equal(await service.answer(), 'hello');
  });
});
