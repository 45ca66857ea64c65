import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {existsSync, readFileSync, statSync} from 'node:fs';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {join} from 'node:path';
import {after, describe, test} from 'node:test';
import {directoryWith} from '../support/directory.ts';
import {machineAddress} from '../support/docker.ts';
import {long} from '../support/long.ts';
import {pythonRepository} from './python-image.ts';

// Packages that are not on a public index: behind a password, and in a git repository.

const authorization = `Basic ${Buffer.from('u:s3cret').toString('base64')}`;

/** A package in a git repository that any web server can serve, and its source archive. */
function makePackage(): string {
  const directory = directoryWith({
    'shop-private/pyproject.toml':
      '[project]\nname = "shop-private"\nversion = "1.0"\n[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n[tool.setuptools]\npy-modules = ["shop_private"]\n',
    'shop-private/shop_private.py': 'word = b"private"\n',
    'shop-private/PKG-INFO': 'Metadata-Version: 2.1\nName: shop-private\nVersion: 1.0\n',
  });
  const cwd = join(directory, 'shop-private');
  const git = (...words: readonly string[]): unknown =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...words], {cwd, stdio: 'pipe'});
  git('init', '--quiet');
  git('add', '--all');
  git('commit', '--quiet', '--message=one');
  git('clone', '--quiet', '--bare', '.', '../private.git');
  git('--git-dir=../private.git', 'update-server-info');
  git('archive', '--format=tar.gz', '--prefix=shop_private-1.0/', '--output=../shop_private-1.0.tar.gz', 'HEAD');
  return directory;
}

/** An index that wants a password, with the repository beside it; returns its address, as a build reaches it. */
async function serve(): Promise<string> {
  const directory = makePackage();
  const server = createServer((request, response) => {
    const {pathname} = new URL(request.url ?? '', 'http://x');
    const file = join(directory, pathname);
    const isFile = existsSync(file) && statSync(file).isFile();
    if (pathname.startsWith('/private.git/'))
      return isFile ? response.end(readFileSync(file)) : response.writeHead(404).end();
    if (request.headers.authorization !== authorization)
      return response.writeHead(401, {'www-authenticate': 'Basic realm="index"'}).end();
    response.setHeader('content-type', isFile ? 'application/gzip' : 'text/html');
    if (pathname !== '/simple/shop-private/' && !isFile) return response.writeHead(404).end();
    return response.end(isFile ? readFileSync(file) : '<a href="/shop_private-1.0.tar.gz">shop_private-1.0.tar.gz</a>');
  });
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  after(() => server.close());
  return `${await machineAddress()}:${(server.address() as AddressInfo).port}`;
}

const app = 'from shop_private import word\n\n\ndef app(environ, start):\n    start("200 OK", [])\n    return [word]\n';
const trusted = (address: string): string => `--trusted-host ${address.split(':')[0]}\n`;

describe('packages that are not public', long, () => {
  test('an index with a password: a variable, pip.conf, netrc', async () => {
    const address = await serve();
    const secrets = directoryWith({
      url: `http://u:s3cret@${address}/simple\n`,
      env: `PIP_EXTRA_INDEX_URL=http://u:s3cret@${address}/simple\n`,
      'pip.conf': `[global]\nextra-index-url = http://u:s3cret@${address}/simple\n`,
      netrc: `machine ${address.split(':')[0]} login u password s3cret\n`,
    });
    const file = (name: string): string => join(secrets, name);
    const index = `--extra-index-url http://${address}/simple\n`;
    const ways: readonly (readonly [Readonly<Record<string, string>>, string])[] = [
      [{PIP_EXTRA_INDEX_URL: file('url')}, ''],
      [{build_env: file('env')}, ''],
      [{pip_conf: file('pip.conf')}, ''],
      [{netrc: file('netrc')}, index],
    ];
    for (const [secretFiles, line] of ways) {
      const requirements = `${trusted(address)}${line}gunicorn==23.0.0\nshop-private==1.0\n# ${Object.keys(secretFiles)[0]}\n`;
      const service = pythonRepository({'app.py': app, 'requirements.txt': requirements});
      const {code, output} = await service.build(secretFiles);
      assert.equal(code, 0, output);
      assert.doesNotMatch(output, /s3cret/);
      assert.equal(await service.answer(), 'private');
      const found = await service.inside('sh', '-c', 'grep -rl s3cret /content /opt /tmp /root 2>/dev/null || :');
      assert.equal(found, '');
    }
  });

  test('an index that pyproject.toml names for uv, without a lock file, with a password from the environment', async () => {
    const address = await serve();
    const service = pythonRepository({
      'app.py': app,
      'pyproject.toml': `[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["gunicorn==23.0.0", "shop-private==1.0"]\n[[tool.uv.index]]\nname = "corp"\nurl = "http://${address}/simple"\n`,
    });
    const secrets = directoryWith({env: 'UV_INDEX_CORP_USERNAME=u\nUV_INDEX_CORP_PASSWORD=s3cret\n'});
    const {code, output} = await service.build({build_env: join(secrets, 'env')});
    assert.equal(code, 0, output);
    assert.match(output, /warning: no lock file: pyproject\.toml/);
    assert.doesNotMatch(output, /s3cret/);
    assert.equal(await service.answer(), 'private');
  });

  test('a git repository over http, with git from the build cache', async () => {
    const address = await serve();
    const service = pythonRepository({
      'app.py': app,
      'requirements.txt': `gunicorn==23.0.0\nshop-private @ git+http://${address}/private.git\n`,
    });
    const {code, output} = await service.build();
    assert.equal(code, 0, output);
    assert.equal(await service.answer(), 'private');
    // The image has the git program alone, as before.
    assert.equal(await service.inside('sh', '-c', 'ls /usr/lib/git-core 2>/dev/null | wc -l'), '0');
  });
});
