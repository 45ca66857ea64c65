import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {gzipSync} from 'node:zlib';
import {images} from '../../../scripts/images/list.ts';
import {docker, must} from '../../support/docker.ts';
import {entrypoint, makeTiny} from '../tiny.ts';
import {buildImages, makePlace} from './containers.ts';
import {storedBytes} from './registry.ts';

// docs/images.md: its Dockerfiles are built, and its figures hold.

buildImages('node-service', 'python-service', 'registry');
const manual = readFileSync(join(import.meta.dirname, '../../../docs/images.md'), 'utf8');
const dockerfiles = [...manual.matchAll(/^```Dockerfile\n([^]*?)^```$/gm)].map(([, text = '']) => text);
const tiny = makeTiny();
const place = makePlace();

/** Assertions on the image of the n-th Dockerfile. */
const claims: readonly (readonly [title: string, verify: (image: string) => void])[] = [
  [
    'without development dependencies and tests',
    (image) => {
      assert.notEqual(inside(image, 'sh', '-c', 'ls /content').includes('test'), true);
      assert.match(firstProcess(image), /^tini -- entrypoint run /);
    },
  ],
  [
    'own steps after FROM',
    (image) => {
      assert.equal(inside(image, 'sh', '-c', 'echo $NODE_ENV'), 'production\n');
    },
  ],
  [
    'Debian packages',
    (image) => {
      assert.match(inside(image, 'jq', '--version'), /^jq-/);
      assert.equal(inside(image, 'sh', '-c', 'find /var/lib/apt/lists -type f | wc -l'), '0\n');
    },
  ],
  [
    'steps at the start, as root and as webuser',
    (image) => {
      const shown = tiny.must(
        'docker',
        'run',
        '--rm',
        '--entrypoint',
        'start-as-webuser',
        image,
        'tini',
        '--',
        'sh',
        '-c',
        'id -u; stat -c %u /tmp/started; pgrep -x nscd >/dev/null 2>&1 || grep -l ^nscd /proc/[0-9]*/comm | wc -l',
      );
      assert.match(shown, /^10001\n10001\n1\n$/);
    },
  ],
  ['another init', (image) => assert.match(firstProcess(image), /^dumb-init -c -- entrypoint run /)],
  ['no init', (image) => assert.match(firstProcess(image), /node/)],
  [
    'without triggers',
    (image) => {
      assert.equal(
        tiny
          .must('docker', 'inspect', '--format', '{{index .Config.Labels "org.opencontainers.image.title"}}', image)
          .trim(),
        tiny.name,
      );
      assert.notEqual(tiny.run('docker', ['run', '--rm', '--entrypoint', 'sh', image, '-c', 'command -v g++']).code, 0);
      assert.match(firstProcess(image), /^tini -- entrypoint run /);
    },
  ],
];

const inside = (image: string, ...words: readonly string[]): string =>
  tiny.must('docker', 'run', '--rm', '--network', 'none', '--entrypoint', 'start-as-webuser', image, ...words);

/** The command line of pid 1 while the image serves. */
function firstProcess(image: string): string {
  const container = `${tiny.name}.manual`;
  tiny.must('docker', 'run', '--detach', '--name', container, image, 'run');
  try {
    return inspectFirst(container);
  } finally {
    tiny.run('docker', ['rm', '--force', container]);
  }
}

const inspectFirst = (container: string): string =>
  tiny.must(
    'docker',
    'exec',
    container,
    'sh',
    '-c',
    "until start-as-webuser --exec health-check; do sleep 0.1; done; tr '\\0' ' ' </proc/1/cmdline",
  );

test('every Dockerfile of the manual is tested here', () => {
  assert.equal(dockerfiles.length, claims.length);
});

for (const [index, [title, verify]] of claims.entries()) {
  test(`${title}: the manual's Dockerfile builds and works`, () => {
    tiny.write('Dockerfile', dockerfiles[index] ?? '');
    tiny.commit();
    verify((JSON.parse(tiny.must(entrypoint, '--quiet', '--json', 'build')) as {image: string}).image);
  });
}

test('the images are no larger than the manual says', async () => {
  for (const [image, limit] of [
    ['base:26', 90],
    ['node-service:26', 95],
    ['python-service:3.13', 115],
  ] as const) {
    const megabytes = (await storedBytes(place, `entrypoint/${image}`)) / 1e6;
    assert.ok(megabytes > 10 && megabytes <= limit, `${image}: ${megabytes.toFixed(1)} MB, limit ${limit}`);
  }
  const {stdout} = spawnSync(
    'docker',
    ['run', '--rm', '--entrypoint', 'tar', 'entrypoint/base:26', '-c', '-C', '/usr/local/lib', 'entrypoint'],
    {maxBuffer: 2 ** 26},
  );
  assert.ok(gzipSync(stdout).length < 1e6, `the command: ${gzipSync(stdout).length} bytes`);
  assert.match(
    await must(['run', '--rm', '--entrypoint', 'cat', 'entrypoint/base:26', '/usr/local/lib/entrypoint/packages.txt']),
    /^tini=\S+$/m,
  );
});

test("the manual's table of images names every one, with its size", async () => {
  const rows = [...manual.matchAll(/^\| `([\w-]+:[\d.]+)` \|[^|]*\| (\d+) \|$/gm)];
  const below = new Set(['debian', 'base', 'node', 'python']);
  assert.deepEqual(
    rows.map(([, image]) => `entrypoint/${image}`).toSorted(),
    images
      .filter(({directory}) => !below.has(directory))
      .map(({tag}) => tag)
      .toSorted(),
  );
  if (process.arch !== 'x64') return;
  for (const [, image, stated] of rows) {
    // Only `npm run test:all` builds other versions than the usual ones.
    const {code, stdout} = await docker(['image', 'inspect', '--format', '{{.Size}}', `entrypoint/${image}`]);
    if (code !== 0) continue;
    const megabytes = Number(stdout) / 1e6;
    assert.ok(Math.abs(megabytes - Number(stated)) <= 5, `${image}: ${megabytes.toFixed(1)} MB, not ${stated}`);
  }
});
