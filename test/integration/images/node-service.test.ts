import assert from 'node:assert/strict';
import {test} from 'node:test';
import {docker, must} from '../../support/docker.ts';
import {eventually} from '../../support/until.ts';
import {makeServiceImage} from './service-image.ts';

const {place, image, write, build} = await makeServiceImage('node-service');

const server = "import http from 'node:http'; http.createServer((q, s) => s.end('hello')).listen(process.env.PORT);\n";

test('installs dependencies without a lock file, with a warning', async () => {
  write({
    Dockerfile: 'FROM entrypoint/node-service:26\n',
    // A name of this run: the engine's cache of an earlier one would print no warning.
    'package.json': `{"name": "${place.name}", "type": "module", "dependencies": {"is-number": "7.0.0"}}\n`,
    'server.js': server,
  });
  const {code, output} = await build('c1');
  assert.equal(code, 0, output);
  assert.match(output, /entrypoint: warning: no lock file: another day's build gives another image\. fix: npm install/);
});

test('a one-line Dockerfile gives an image with labels, the commit and read-only files', async () => {
  const lock = {name: 'shop', lockfileVersion: 3, requires: true, packages: {'': {name: 'shop'}}};
  write({'package.json': '{"name": "shop", "type": "module"}\n', 'package-lock.json': `${JSON.stringify(lock)}\n`});
  const {code, output} = await build('c1');
  assert.equal(code, 0, output);
  const labels = JSON.parse(await must(['inspect', '--format', '{{json .Config.Labels}}', image])) as Record<
    string,
    string
  >;
  assert.equal(labels['entrypoint.service_name'], place.name);
  assert.equal(labels['entrypoint.git_commit_hash'], 'c1');
  assert.equal(labels['org.opencontainers.image.title'], place.name);
  assert.equal(labels['org.opencontainers.image.revision'], 'c1');
  const shown = await must([
    'run',
    '--rm',
    '--network',
    'none',
    '--entrypoint',
    'start-as-webuser',
    image,
    'sh',
    '-c',
    'echo $GIT_COMMIT_HASH; touch /content/server.js 2>/dev/null || echo read-only; find /content -writable; npm --version; tsc=/usr/local/lib/entrypoint/node_modules/.bin/tsc; $tsc --version',
  ]);
  assert.match(shown, /^c1\nread-only\n11\.\d+\.\d+\nVersion 7\./);
});

test('a changed line of source and a new commit reinstall nothing', async () => {
  // Unique text: the engine's build cache outlives the test.
  write({
    'server.js': `// changed in ${place.name}\n${server}`,
    'tasks.ts': 'console.log("it runs"); export const points: number = 1;\n',
  });
  const {code, output} = await build('c2');
  assert.equal(code, 0, output);
  assert.match(output, /RUN --mount.*install-dependencies --before-source\n(#\d+ sha256:\w+\n)?#\d+ CACHED/);
  assert.doesNotMatch(output, /\$ npm ci/);
  assert.equal(
    await must(['inspect', '--format', '{{index .Config.Labels "entrypoint.git_commit_hash"}}', image]),
    'c2',
  );
  assert.match(output, /TypeScript files compiled ahead: 1/);
  assert.doesNotMatch(output, /it runs/);
});

test('every user starts from the files that were compiled ahead', async () => {
  const words = [
    'run',
    '--rm',
    '--network',
    'none',
    '--user',
    '54321:0',
    '--env',
    'NODE_DEBUG_NATIVE=COMPILE_CACHE',
    '--entrypoint',
    'start-as-webuser',
    image,
    'node',
    'tasks.ts',
  ];
  const {stdout, stderr} = await docker(words);
  assert.match(stdout + stderr, /code cache for ESM file:\/\/\/content\/tasks\.ts was accepted/);
  assert.match(stdout, /it runs/);
});

test('the health check succeeds only while the service answers', async () => {
  const container = await place.start('service', [
    '--entrypoint',
    'start-as-webuser',
    image,
    'tini',
    '--',
    'node',
    'server.js',
  ]);
  const check = (...options: string[]): Promise<number> =>
    docker(['exec', ...options, container, 'start-as-webuser', 'health-check']).then(({code}) => code);
  await eventually(
    10,
    () => check(),
    (code) => code === 0,
  );
  assert.equal(await check('--env', 'PORT=3999'), 1);
});
