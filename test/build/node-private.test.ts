import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {existsSync, readFileSync, statSync} from 'node:fs';
import {createServer, type Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import {join} from 'node:path';
import {after, describe, test} from 'node:test';
import {directoryWith} from '../support/directory.ts';
import {machineAddress} from '../support/docker.ts';
import {long} from '../support/long.ts';
import {mustBuild, repository} from './image.ts';

// Packages that are not on a public registry: behind a token, and in a git repository.

/** A package in an archive, and in a git repository that any web server can serve. */
function makePackage(name: string): {readonly archive: Buffer; readonly directory: string} {
  const directory = directoryWith({
    'package.json': json({name, version: '1.0.0', main: 'index.js'}),
    'index.js': "module.exports = 'private';\n",
  });
  const options = {cwd: directory, stdio: 'pipe'} as const;
  const git = (...words: readonly string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...words], options);
  execFileSync('npm', ['pack', '--silent'], options);
  git('init', '--quiet');
  git('add', 'package.json', 'index.js');
  git('commit', '--quiet', '--message=one');
  git('clone', '--quiet', '--bare', '.', 'private.git');
  git('--git-dir=private.git', 'update-server-info');
  return {archive: readFileSync(join(directory, `${name.slice(1).replace('/', '-')}-1.0.0.tgz`)), directory};
}

/** A registry that wants a token, with the repository beside it; returns its address. */
async function serve(packageName = '@b/private'): Promise<string> {
  const {archive, directory} = makePackage(packageName);
  const server: Server = createServer((request, response) => {
    const url = request.url ?? '';
    const file = join(directory, new URL(url, 'http://x').pathname);
    if (url.startsWith('/private.git/'))
      return existsSync(file) && statSync(file).isFile()
        ? response.end(readFileSync(file))
        : response.writeHead(404).end();
    if (request.headers.authorization !== 'Bearer s3cret') return response.writeHead(401).end('{"error": "no"}');
    if (url.endsWith('.tgz')) return response.end(archive);
    const integrity = `sha512-${createHash('sha512').update(archive).digest('base64')}`;
    const name = decodeURIComponent(url).slice(1);
    const tarball = `http://${request.headers.host}/${name}/-/private-1.0.0.tgz`;
    const versions = {'1.0.0': {name, version: '1.0.0', dist: {integrity, tarball}}};
    // Managers refuse what is younger than some days.
    const time = {'1.0.0': '2020-01-01T00:00:00.000Z'};
    return response.end(JSON.stringify({name, 'dist-tags': {latest: '1.0.0'}, versions, time}));
  });
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  after(() => server.close());
  return `${await machineAddress()}:${(server.address() as AddressInfo).port}`;
}

const server =
  "import {createServer} from 'node:http';\nimport word from '@b/private';\nexport default createServer((request, response) => response.end(word));\n";

const json = (value: object): string => `${JSON.stringify(value)}\n`;
const npmrc = (address: string) =>
  ['.npmrc', `@b:registry=http://${address}/\n//${address}/:_authToken=\${NPM_TOKEN}\n`] as const;

/** The file of settings of each manager, with a registry that takes a token. */
const settingsOf: Readonly<Record<string, (address: string) => readonly [file: string, text: string]>> = {
  'pnpm@10.34.8': npmrc,
  'pnpm@12.3.4': npmrc,
  'yarn@1.22.22': npmrc,
  'yarn@4.18.1': (address) => [
    '.yarnrc.yml',
    `nodeLinker: node-modules\nunsafeHttpWhitelist: ["${address.split(':')[0]}"]\nnpmScopes:\n  b:\n    npmRegistryServer: "http://${address}"\n    npmAlwaysAuth: true\n    npmMinimalAgeGate: 0\n    npmAuthToken: "\${NPM_TOKEN}"\n`,
  ],
  'bun@1.4.5': (address) => [
    'bunfig.toml',
    `[install.scopes]\n"@b" = {token = "$NPM_TOKEN", url = "http://${address}/"}\n`,
  ],
};

describe('packages that are not public', long, () => {
  test('a registry with a token, by the variable that .npmrc names', async () => {
    const address = await serve();
    const service = repository();
    service.write({
      'package.json':
        '{"name": "b-token", "type": "module", "main": "server.js", "dependencies": {"@b/private": "1.0.0"}}\n',
      '.npmrc': `@b:registry=http://${address}/\n//${address}/:_authToken=\${NPM_TOKEN}\n`,
      'server.js': server,
    });
    const denied = await service.build();
    assert.match(
      denied.output,
      /entrypoint: the registry denied a package; the settings name NPM_TOKEN, which the build does not have\n/,
    );
    assert.match(
      denied.output,
      /fix: export NPM_TOKEN, and entrypoint build; or: docker build --secret id=NPM_TOKEN,env=NPM_TOKEN \./,
    );
    const secrets = directoryWith({token: 's3cret', npmrc: `//${address}/:_authToken=s3cret\n`});
    const ways: readonly Readonly<Record<string, string>>[] = [
      {NPM_TOKEN: join(secrets, 'token')},
      {build_env: join(directoryWith({env: 'NPM_TOKEN=s3cret\n'}), 'env')},
      {npmrc: join(secrets, 'npmrc')},
    ];
    for (const [index, secretFiles] of ways.entries()) {
      // Another manifest: the install is not taken from the cache.
      service.write({'.nvmrc': `26 # ${index}\n`});
      await mustBuild(service, {secretFiles});
    }
    assert.equal(await service.answer(), 'private');
    assert.match(await service.inside('cat', '.npmrc'), /\$\{NPM_TOKEN\}/);
  });

  for (const [manager, settings] of Object.entries(settingsOf))
    test(`a registry with a token, by the variable that the settings of ${manager} name`, async () => {
      const service = repository();
      // Managers keep what they heard of a name, also from another port of the same host and in an earlier run.
      const name = service.image.replace(/^.*-/, '@b/private-');
      const address = await serve(name);
      const [file, text] = settings(address);
      service.write({
        'package.json': json({
          name: `b-${manager.replace('@', '-')}`,
          type: 'module',
          main: 'server.js',
          dependencies: {'@b/private': `npm:${name}@1.0.0`},
          packageManager: manager,
        }),
        [file]: text,
        'server.js': server,
      });
      const secrets = directoryWith({env: 'NPM_TOKEN=s3cret\n'});
      const output = await mustBuild(service, {secretFiles: {build_env: join(secrets, 'env')}});
      assert.doesNotMatch(output, /s3cret/);
      assert.equal(await service.answer(), 'private');
      assert.equal(await service.inside('sh', '-c', 'grep -rl s3cret /content /root /tmp 2>/dev/null || :'), '');
    });

  test('a git repository over http, with git from the build cache', async () => {
    const address = await serve();
    const service = repository();
    service.write({
      'package.json': `{"name": "b-git", "type": "module", "main": "server.js", "dependencies": {"@b/private": "git+http://${address}/private.git"}}\n`,
      'server.js': server,
    });
    await mustBuild(service);
    assert.equal(await service.answer(), 'private');
    // The image has the git program alone, as before.
    assert.equal(await service.inside('sh', '-c', 'ls /usr/lib/git-core 2>/dev/null | wc -l'), '0');
  });
});
