import assert from 'node:assert/strict';
import {test} from 'node:test';
import {gzipSync, zstdCompressSync} from 'node:zlib';
import {scanLayers} from '../../../../src/contract/image/layers.ts';
import {bufferSource, tarEntries} from '../../../../src/contract/image/tar.ts';

interface Entry {
  readonly path: string;
  readonly content?: string | Buffer;
  readonly mode?: number;
  readonly type?: string;
}

function tar(entries: readonly Entry[]): Buffer {
  const blocks = entries.flatMap(({path, content = '', mode = 0o644, type = '0'}) => {
    const bytes = Buffer.from(content);
    const header = Buffer.alloc(512);
    header.write(path, 0, 100);
    header.write(mode.toString(8).padStart(7, '0'), 100);
    header.write('0000000', 108);
    header.write('0000000', 116);
    header.write(bytes.length.toString(8).padStart(11, '0'), 124);
    header.write(type, 156);
    header.write('ustar\u000000', 257);
    return [header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

function image(layers: readonly Buffer[]): ReturnType<typeof bufferSource> {
  const names = layers.map((_, index) => `layer${index}/layer.tar`);
  return bufferSource(
    tar([
      ...layers.map((content, index) => ({path: names[index] ?? '', content})),
      {path: 'manifest.json', content: JSON.stringify([{Layers: names}])},
    ]),
  );
}

const key = '-----BEGIN PRIVATE KEY-----\nbm90IGEga2V5\n';

test('reads long paths of PAX and GNU tar', () => {
  const long = `srv/${'x'.repeat(120)}/file`;
  const record = `path=${long}\n`;
  const pax = `${record.length + 4} ${record}`;
  const entries = [
    ...tarEntries(
      bufferSource(
        tar([
          {path: 'pax', type: 'x', content: pax},
          {path: 'cut', content: 'a'},
          {path: '././@LongLink', type: 'L', content: `${long}2\0`},
          {path: 'cut', content: 'b'},
          {path: './etc/', type: '5'},
        ]),
      ),
    ),
  ];
  assert.deepEqual(
    entries.map(({path, type, size}) => ({path, type, size})),
    [
      {path: long, type: 'file', size: 1},
      {path: `${long}2`, type: 'file', size: 1},
      {path: 'etc', type: 'directory', size: 0},
    ],
  );
});

test('a secret that a later layer deletes is found in its own layer', () => {
  const {secrets, entries} = scanLayers(
    image([
      tar([{path: 'etc/passwd', content: 'root'}]),
      tar([{path: 'srv/key.pem', content: key}]),
      tar([{path: 'srv/.wh.key.pem'}]),
    ]),
  );
  assert.deepEqual(secrets, ['layer 2: /srv/key.pem: a private key']);
  assert.deepEqual([...entries.keys()], ['etc/passwd']);
});

test('the mode of a file is the one in the topmost layer', () => {
  const {entries} = scanLayers(image([tar([{path: 'bin/su', mode: 0o4755}]), tar([{path: 'bin/su', mode: 0o755}])]));
  assert.equal(entries.get('bin/su')?.mode, 0o755);
});

test('an opaque directory deletes its own content, not its neighbours', () => {
  const {entries} = scanLayers(
    image([
      tar([{path: 'srv/a'}, {path: 'srv/sub/b'}, {path: 'srv2/c'}]),
      tar([{path: 'srv/.wh..wh..opq'}, {path: 'srv/d'}]),
    ]),
  );
  assert.deepEqual([...entries.keys()].toSorted(), ['srv/d', 'srv2/c']);
});

test('compressed layers are read like plain ones', () => {
  const layer = tar([{path: 'srv/key.pem', content: key}]);
  for (const compressed of [gzipSync(layer), zstdCompressSync(layer)]) {
    assert.deepEqual(scanLayers(image([compressed])).secrets, ['layer 1: /srv/key.pem: a private key']);
  }
});

/** The secrets in an image with one file. */
const secretsOf = (path: string, content = key): readonly string[] =>
  scanLayers(image([tar([{path, content}])])).secrets;

test('example keys in packages, tests and documentation are not secrets of the image', () => {
  for (const path of [
    'content/node_modules/tls/test.pem',
    'content/test/fixtures/server.key',
    'usr/local/go/src/crypto/tls/testdata/example-key.pem',
    'usr/local/lib/ruby/gems/3.3.0/gems/openssl-3.2.0/key.pem',
    'usr/share/doc/openvpn/examples/server.key',
    'usr/share/postfix/snakeoil.pem',
    'opt/conda/pkgs/openssl-3.4/share/snakeoil.pem',
  ])
    assert.deepEqual(secretsOf(path), [], path);
  for (const path of [
    'content/share/key.pem',
    'usr/src/app/share/key.pem',
    'usr/share/nginx/html/server.key',
    'var/www/key.pem',
  ])
    assert.deepEqual(secretsOf(path), [`layer 1: /${path}: a private key`]);
});

test('a repository, variables and credentials are found by their names in every directory but those of packages', () => {
  for (const directory of ['usr/share/nginx/html', 'content/test', 'content/docs', 'usr/share/app', 'content']) {
    assert.match(secretsOf(`${directory}/.git/HEAD`, 'ref: refs/heads/main').join(), /a git repository/, directory);
    assert.match(secretsOf(`${directory}/.env`, 'TOKEN=x').join(), /values of variables: TOKEN/, directory);
    assert.match(secretsOf(`${directory}/id_ed25519`, 'x').join(), /a secrets file/, directory);
  }
  for (const directory of [
    'content/node_modules/dotenv/test',
    'opt/venv/lib/python3.13/site-packages/x',
    'usr/lib/python3/dist-packages/x',
    'root/go/pkg/mod/example.com/x@v1.0.0',
    'usr/share/doc/apache2/examples',
  ])
    for (const [name, content] of [
      ['.git/HEAD', 'ref: refs/heads/main'],
      ['.env', 'TOKEN=x'],
      ['.htpasswd', 'x'],
    ] as const)
      assert.deepEqual(secretsOf(`${directory}/${name}`, content), [], directory);
});
