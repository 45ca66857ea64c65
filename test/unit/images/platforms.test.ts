import assert from 'node:assert/strict';
import {globSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {forPlatform, type Image, images} from '../../../scripts/images/list.ts';

// The project's images for another platform than the engine's.

const root = join(import.meta.dirname, '../../..');
/** What is different for another platform. */
function facts(name: string): readonly unknown[] {
  const {tag, context, args, platform} = forPlatform(named(name), 'linux/arm64');
  return [tag, context, args, platform];
}

const named = (name: string): Image => images.find((one) => one.name === name) as Image;

test('an image for another platform has a tag, base images and a prepared context of its own', () => {
  assert.deepEqual(facts('node'), [
    'entrypoint/node:26-linux-arm64',
    '.images/linux-arm64/node',
    {suffix: '-linux-arm64'},
    'linux/arm64',
  ]);
  assert.deepEqual(facts('base:24'), [
    'entrypoint/base:24-linux-arm64',
    '.',
    {node: '24', suffix: '-linux-arm64', node_packages: '.images/linux-arm64/node-24/node_modules'},
    'linux/arm64',
  ]);
});

test('every image is built on images of its own platform', () => {
  for (const file of globSync('images/*/Dockerfile', {cwd: root})) {
    const text = readFileSync(join(root, file), 'utf8');
    const others = [...text.matchAll(/(?:^FROM|--from=) *(entrypoint\/\S+)/gm)].filter(
      ([, image = '']) => !image.endsWith('$suffix'),
    );
    assert.deepEqual(
      others.map(([line]) => line),
      [],
      file,
    );
  }
});

test('the context of the base image has Node for each platform', () => {
  const ignored = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n');
  for (const [platform, cpu] of [
    ['linux/amd64', 'x64'],
    ['linux/arm64', 'arm64'],
  ] as const)
    for (const name of ['base', 'base:24'])
      assert.ok(
        ignored.includes(`!${forPlatform(named(name), platform).args?.['node_packages']}/node-linux-${cpu}/bin/node`),
        `${name} ${platform}`,
      );
});
