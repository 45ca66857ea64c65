import assert from 'node:assert/strict';
import {execFileSync, spawnSync} from 'node:child_process';
import {existsSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, test} from 'node:test';
import {dockerSync, lines, must} from '../../support/docker.ts';
import {long} from '../../support/long.ts';
import {buildImages, makePlace} from './containers.ts';

// The project's images for both platforms: built by emulation, published as one.

const root = join(import.meta.dirname, '../../..');
const place = makePlace();
let address = '';
const format = '/proc/sys/fs/binfmt_misc/qemu-aarch64';
const isHere = process.arch === 'x64' ? long : {skip: 'needs an engine of linux/amd64'};

function program(name: string, ...words: readonly string[]): string {
  const {status, stdout, stderr} = spawnSync(process.execPath, [join(root, 'scripts/images', name), ...words], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  return stdout;
}

after(() => {
  const made = lines(dockerSync('images', '--format', '{{.Repository}}:{{.Tag}}')).filter(
    (tag) => /^entrypoint\/.*-linux-arm64$/.test(tag) || (address !== '' && tag.startsWith(`${address}/`)),
  );
  if (made.length > 0) dockerSync('image', 'rm', '--force', ...made);
});

test('the images of a Node service run on arm64, and are published for both platforms', isHere, async (t) => {
  const isNew = !existsSync(format);
  execFileSync('sh', [join(root, 'scripts/emulation')], {stdio: ['ignore', 'ignore', 'pipe']});
  // Other tests have hosts that do not run arm64.
  t.after(() => {
    if (isNew && existsSync(format)) writeFileSync(format, '-1');
  });
  buildImages('node-service', 'registry');
  program('build.ts', '--platform=linux/arm64', 'node-service');
  const image = 'entrypoint/node-service:26-linux-arm64';
  assert.equal(await must(['image', 'inspect', '--format', '{{.Architecture}}', image]), 'arm64');
  assert.match(await must(['run', '--rm', '--platform=linux/arm64', image, '--list']), /^ *static_analysis /m);

  const registry = await place.start('registry', ['--publish', '127.0.0.1::5000', 'entrypoint/registry:2.8']);
  address = await must(['port', registry, '5000/tcp']);
  const published = program('publish.ts', '--platform=linux/amd64,linux/arm64', address, 'base', 'node-service');
  const digests = [...published.matchAll(/^\S+\/entrypoint\/(?:base|node-service):26 {2}(sha256:[0-9a-f]{64})$/gm)];
  assert.equal(digests.length, 2, published);
  for (const [platform, machine] of [
    ['linux/amd64', 'x86_64'],
    ['linux/arm64', 'aarch64'],
  ] as const) {
    const pinned = `${address}/entrypoint/node-service@${digests[1]?.[1]}`;
    await must(['pull', '--quiet', `--platform=${platform}`, pinned]);
    assert.equal(await must(['run', '--rm', `--platform=${platform}`, pinned, '--', 'uname', '-m']), machine);
    // An engine that keeps one image a digest pulls no other in its place.
    await must(['image', 'rm', pinned]);
  }
});
