import assert from 'node:assert/strict';
import {randomBytes} from 'node:crypto';
import {join} from 'node:path';
import {after, test} from 'node:test';
import {dockerBuild} from '../../src/commands/docker/index.ts';
import {certificateFile, findDockerClient} from '../../src/image/docker.ts';
import {noEcho, systemRunner} from '../../src/shell/index.ts';
import {directoryWith} from '../support/directory.ts';
import {put} from '../support/repository.ts';
import {entrypoint, serviceIn} from '../support/service.ts';

// A service in a workspace of npm, with a package from the registry and one of the workspace: `entrypoint build`, and the
// same by `docker build` in the root.

/** What stands for entrypoint/node-service while the images themselves are being changed. */
const base = process.env['ENTRYPOINT_TEST_NODE_SERVICE'] ?? 'entrypoint/node-service:26';
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

function build(): {readonly image: string; readonly log: string} {
  const {code, stdout, stderr} = service.run(entrypoint, ['--json', 'build'], {env: {BUILDKIT_PROGRESS: 'plain'}});
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

test('docker alone builds the same in the root', async () => {
  const image = `${name}:plain`;
  const ca = certificateFile(process.env);
  const {words, env = {}} = dockerBuild(
    {
      context: '.',
      file: 'services/shop/Dockerfile',
      tags: [image],
      buildArgs: {service_directory: 'services/shop'},
      labels: {'entrypoint.service_name': name},
      secretFiles: ca === undefined ? {} : {ca},
    },
    await findDockerClient({run: clientRunner, env: process.env}),
  );
  const [program = '', ...rest] = words;
  const {code, stderr} = repository.run(program, rest, {env});
  assert.equal(code, 0, stderr);
  assert.equal(inside(image, load), 'even: false 1\n\n');
});
