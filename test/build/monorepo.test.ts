import assert from 'node:assert/strict';
import {randomBytes} from 'node:crypto';
import {cpSync} from 'node:fs';
import {join} from 'node:path';
import {after, describe, test} from 'node:test';
import {dockerBuild} from '../../src/commands/docker/index.ts';
import {certificateFile, findDockerClient} from '../../src/image/docker.ts';
import {noEcho, systemRunner} from '../../src/shell/index.ts';
import {directoryWith} from '../support/directory.ts';
import {long} from '../support/long.ts';
import {put} from '../support/repository.ts';
import {entrypoint, serviceIn, type TemporaryService} from '../support/service.ts';
import {useIndex} from './python-index.ts';

// Services with packages beside them, of a workspace or without one: `entrypoint build`, and `docker build` in the root.

/** What stands for entrypoint/node-service while the images themselves are being changed. */
const base = `${process.env['ENTRYPOINT_TEST_NODE_SERVICE'] ?? 'entrypoint/node-service'}:26`;
const pythonBase = process.env['ENTRYPOINT_TEST_PYTHON_SERVICE'] ?? 'entrypoint/python-service:3.13';
const name = `entrypoint-test-mono-${randomBytes(4).toString('hex')}`;
const json = (value: object): string => `${JSON.stringify(value)}\n`;
const root = directoryWith({
  'package.json': json({private: true, workspaces: ['packages/*', 'services/*']}),
  '.gitignore': 'node_modules\n',
  'docs/huge.txt': 'x'.repeat(1e6),
  'packages/lib/package.json': json({
    name: '@acme/lib',
    version: '1.0.0',
    type: 'module',
    exports: './index.js',
    dependencies: {'is-odd': '3.0.1'},
  }),
  'packages/lib/index.js': "import isOdd from 'is-odd';\nexport const text = `odd: ${isOdd(3)}`;\n",
  'packages/other/package.json': json({name: '@acme/other', version: '1.0.0'}),
  'packages/other/index.js': 'other\n',
  'services/shop/package.json': json({name, version: '1.0.0', type: 'module', dependencies: {'@acme/lib': '*'}}),
  'services/shop/Dockerfile': `FROM ${base}\n`,
  'services/shop/src/server.js':
    "import {text} from '@acme/lib';\nexport default (request, response) => response.end(`${text} 1\\n`);\n",
});
const shop = join(root, 'services/shop');
const repository = serviceIn(root);
const service = serviceIn(shop);
after(() => service.remove(name));

const nowhere = (): void => {};
const clientRunner = systemRunner({cwd: root, env: process.env, echo: noEcho, stdout: nowhere, stderr: nowhere});

/** What a container of the image prints. */
const inside = (image: string, script: string): string =>
  service.must('docker', 'run', '--rm', '--network', 'none', '--entrypoint', 'sh', image, '-c', script);
const load =
  'node -e "import(\'./src/server.js\').then(({default: serve}) => serve(null, {end: (text) => console.log(text)}))"';

function build(of = service): {readonly image: string; readonly log: string} {
  const {code, stdout, stderr} = of.run(entrypoint, ['--json', 'build'], {env: {BUILDKIT_PROGRESS: 'plain'}});
  assert.equal(code, 0, stderr);
  return {image: (JSON.parse(stdout) as {image: string}).image, log: stderr};
}

test('a service in a workspace is built with what it needs, and a changed line installs nothing', () => {
  repository.must('npm', 'install', '--package-lock-only', '--no-audit', '--no-fund');
  repository.commit();
  const first = build();
  assert.equal(inside(first.image, load), 'odd: true 1\n\n');
  assert.equal(
    inside(first.image, 'pwd; cd /content; ls -A; ls packages packages/other services').replaceAll(/\n+/g, ' ').trim(),
    '/content/services/shop .gitignore node_modules package-lock.json package.json packages services packages: lib other packages/other: package.json services: shop',
  );
  put(root, 'packages/lib/index.js', "import isOdd from 'is-odd';\nexport const text = `even: ${isOdd(2)}`;\n");
  put(root, 'packages/other/index.js', 'changed\n');
  const second = build();
  assert.match(second.image, /-dirty$/);
  assert.equal(inside(second.image, load), 'even: false 1\n\n');
  assert.match(second.log, /CACHED[^]*COPY \. \.|install-dependencies[^\n]*\n#\d+ CACHED/);
  repository.commit();
  assert.match(build().image, new RegExp(`:${repository.must('git', 'rev-parse', 'HEAD').slice(0, 12)}$`));
});

/** `docker build` in a root; returns its output. */
async function plainBuild(where: TemporaryService, tag: string, directory: string): Promise<string> {
  const ca = certificateFile(process.env);
  const {words, env = {}} = dockerBuild(
    {
      context: '.',
      file: `${directory}/Dockerfile`,
      tags: [tag],
      buildArgs: {service_directory: directory},
      labels: {'entrypoint.service_name': tag.split(':')[0] ?? ''},
      secretFiles: ca === undefined ? {} : {ca},
    },
    await findDockerClient({run: clientRunner, env: process.env}),
  );
  const [program = '', ...rest] = words;
  const {code, stderr} = where.run(program, rest, {env: {...env, BUILDKIT_PROGRESS: 'plain'}});
  assert.equal(code, 0, stderr);
  return stderr;
}

test('docker alone builds the same in the root', async () => {
  await plainBuild(repository, `${name}:plain`, 'services/shop');
  assert.equal(inside(`${name}:plain`, load), 'even: false 1\n\n');
});

/** A repository with a service in a directory; its images are removed after the tests. */
function monorepo(directory: string, files: Readonly<Record<string, string>>) {
  const all = directoryWith({'.gitignore': 'node_modules\n', ...files});
  const own = `entrypoint-test-mono-${randomBytes(4).toString('hex')}`;
  put(all, `${directory}/deploy.yaml`, `service: ${own}\n`);
  const member = serviceIn(join(all, directory));
  after(() => member.remove(own));
  return {root: all, name: own, whole: serviceIn(all), member};
}

const oneLine = (text: string): string => text.replaceAll(/\n+/g, ' ').trim();

/** A package that exports a text. */
const exporting = (own: string, value: string): Readonly<Record<string, string>> => ({
  [`${own}/package.json`]: json({
    name: own,
    version: '1.0.0',
    type: 'module',
    exports: './index.js',
    dependencies: {'is-odd': '3.0.1'},
  }),
  [`${own}/index.js`]: `import isOdd from 'is-odd';\nexport const ${own} = \`${value} \${isOdd(3)}\`;\n`,
});

describe('packages beside a service that no workspace lists', long, () => {
  test("npm: file:../../lib, with the service's own lock file, below a package.json of tools", async () => {
    const {
      root: all,
      name: own,
      whole,
      member,
    } = monorepo('apps/web', {
      'package.json': json({private: true, devDependencies: {'is-number': '7.0.0'}}),
      'lib/package.json': json({
        name: 'shared',
        version: '1.0.0',
        type: 'module',
        exports: './made.js',
        bin: {tool: 'tool.js'},
        scripts: {prepare: 'cp index.js made.js'},
        dependencies: {'is-odd': '3.0.1'},
      }),
      'lib/index.js': "import isOdd from 'is-odd';\nexport const text = `odd: ${isOdd(3)}`;\n",
      'lib/tool.js': '#!/usr/bin/env node\nconsole.log("tool");\n',
      'lib/.gitignore': 'made.js\n',
      'apps/web/package.json': json({name: 'web', type: 'module', dependencies: {shared: 'file:../../lib'}}),
      'apps/web/Dockerfile': `FROM ${base}\n`,
      'apps/web/src/server.js':
        "import {text} from 'shared';\nexport default (request, response) => response.end(`${text} 1\\n`);\n",
    });
    member.must('npm', 'install', '--package-lock-only', '--ignore-scripts', '--no-audit', '--no-fund');
    whole.commit();
    const first = build(member);
    assert.equal(
      oneLine(inside(first.image, `${load}; pwd; node_modules/.bin/tool; ls -A /content`)),
      'odd: true 1 /content/apps/web tool .gitignore apps lib package.json',
    );
    put(all, 'lib/index.js', "import isOdd from 'is-odd';\nexport const text = `even: ${isOdd(2)}`;\n");
    const second = build(member);
    assert.equal(inside(second.image, load), 'even: false 1\n\n');
    assert.doesNotMatch(second.log, /\$ npm ci/);
    const log = await plainBuild(whole, `${own}:plain`, 'apps/web');
    assert.equal(inside(`${own}:plain`, load), 'even: false 1\n\n');
    assert.match(log, /\$ npm ci/);
  });

  test('pnpm: file:../../lib, which is copied, and link:../../tool', () => {
    const {
      root: all,
      whole,
      member,
    } = monorepo('apps/web', {
      ...exporting('lib', 'copied'),
      ...exporting('tool', 'linked'),
      'apps/web/package.json': json({
        name: 'web',
        type: 'module',
        packageManager: 'pnpm@10.34.8',
        dependencies: {lib: 'file:../../lib', tool: 'link:../../tool'},
      }),
      'apps/web/Dockerfile': `FROM ${base}\n`,
      'apps/web/src/server.js':
        "import {lib} from 'lib';\nimport {tool} from 'tool';\nexport default (request, response) => response.end(`${lib}, ${tool}`);\n",
    });
    whole.commit();
    assert.equal(oneLine(inside(build(member).image, load)), 'copied true, linked true');
    put(all, 'tool/index.js', "export const tool = 'changed';\n");
    const {image, log} = build(member);
    assert.equal(oneLine(inside(image, load)), 'copied true, changed');
    assert.doesNotMatch(log, /\$ pnpm install/);
  });

  test('pip: -e ../../lib', () => {
    const {
      root: all,
      whole,
      member,
    } = monorepo('apps/api', {
      'lib/pyproject.toml':
        '[project]\nname = "shared"\nversion = "1"\ndependencies = ["idna==3.10"]\n[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n[tool.setuptools]\npy-modules = ["shared"]\n',
      'lib/shared.py': 'import idna\nword = "one"\n',
      'apps/api/Dockerfile': `FROM ${pythonBase}\n`,
      'apps/api/requirements.txt': '-e ../../lib\n',
      'apps/api/app.py': 'from shared import word\n',
    });
    whole.commit();
    const says = 'python3 -c "import app; print(app.word)"; pwd; ls -A /content';
    assert.equal(oneLine(inside(build(member).image, says)), 'one /content/apps/api .gitignore apps lib');
    put(all, 'lib/shared.py', 'import idna\nword = "two"\n');
    const {image, log} = build(member);
    assert.equal(oneLine(inside(image, says)), 'two /content/apps/api .gitignore apps lib');
    assert.doesNotMatch(log, /\$ pip install --requirement/);
  });
});

test('deploy.yaml names the Dockerfile, its stage and build arguments', () => {
  const {
    root: all,
    name: own,
    whole,
    member,
  } = monorepo('shop', {
    'shop/docker/own':
      'FROM entrypoint/debian:trixie AS small\nARG LEVEL\nRUN echo "$LEVEL" >/level\nCOPY note /note\nFROM small\nRUN echo large >/level\n',
    'shop/note': 'of the service',
  });
  put(
    all,
    'shop/deploy.yaml',
    `service: ${own}\nimage: {dockerfile: docker/own, target: small, args: {LEVEL: two words}}\n`,
  );
  whole.commit();
  assert.equal(inside(build(member).image, 'cat /level /note'), 'two words\nof the service');
});

test('a member of a uv workspace is installed by the lock file of its root, with what it needs', long, async () => {
  const {root: all, whole, member} = monorepo('packages/greet', {});
  cpSync(join(import.meta.dirname, 'fixtures/python/uv-workspace'), all, {recursive: true});
  put(all, 'packages/greet/Dockerfile', `FROM ${pythonBase}\n`);
  await useIndex(all, pythonBase);
  whole.commit();
  const {image, log} = build(member);
  assert.match(log, /\$ uv sync --locked --inexact --package=greet/);
  const says = 'python3 -c "import greet, idna"; python3 -c "import gunicorn" 2>/dev/null || echo no gunicorn; pwd';
  assert.equal(oneLine(inside(image, says)), 'no gunicorn /content/packages/greet');
  put(all, 'packages/greet/src/greet/__init__.py', 'x = 2\n');
  assert.doesNotMatch(build(member).log, /\$ uv sync --frozen|\$ pip install uv/);
});
