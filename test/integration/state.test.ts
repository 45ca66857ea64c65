import assert from 'node:assert/strict';
import {test} from 'node:test';
import {lines} from '../support/docker.ts';
import {entrypoint, makeTiny} from './tiny.ts';

// What a service has on this engine, and who owns it: volumes and images.

const {name, must, write, describe, commit} = makeTiny();

const ids = (): string[] => [...new Set(lines(must('docker', 'images', '--no-trunc', '--quiet', name)))];

/** Builds and deploys another commit. */
function deployAnother(number: number): void {
  write('release.txt', String(number));
  commit();
  must(entrypoint, 'build', 'deploy');
}

test('a new volume belongs to the user of the service, whose tasks use it as well; old images go, and with remove the last one, unless they have other names', () => {
  write(
    'tasks.ts',
    `export * from 'entrypoint/tasks';
import {task} from 'entrypoint/tasks';
export const fill = task('Fill the volume', {}, async ({run}) => { await run(['touch', '/var/uploads/filled']); });
`,
  );
  describe('keep_releases: 1, volumes: {uploads: /var/uploads}, before: [fill]');
  const inside = (release: number, ...words: string[]): string =>
    must('docker', 'exec', '--user', '10001', `${name}.local.${release}.1`, ...words);
  deployAnother(1);
  inside(1, 'sh', '-c', 'echo kept >/var/uploads/a');
  assert.equal(inside(1, 'ls', '/var/uploads'), 'a\nfilled\n');
  describe('keep_releases: 1, volumes: {uploads: /var/uploads}');
  const [first = ''] = ids();
  deployAnother(2);
  assert.equal(inside(2, 'cat', '/var/uploads/a'), 'kept\n');
  const [second = '', ...others] = ids();
  assert.deepEqual(others, []);
  assert.notEqual(second, first);
  // Made by hand: it is not ours to remove.
  must('docker', 'tag', second, `${name}-mine:1`);
  try {
    deployAnother(3);
    assert.equal(ids().length, 2);
    must(entrypoint, 'remove', 'local', '--volumes');
    assert.equal(must('docker', 'volume', 'ls', '--quiet', '--filter', `name=${name}`), '');
    assert.deepEqual(ids(), [second]);
  } finally {
    must('docker', 'rmi', `${name}-mine:1`);
  }
});
