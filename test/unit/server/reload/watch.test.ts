import assert from 'node:assert/strict';
import {mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {basename, join} from 'node:path';
import {test, type TestContext} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {type FileWatchOptions, watchFiles} from '../../../../src/server/reload/watch.ts';
import {directoryWith} from '../../../support/directory.ts';
import {until} from '../../../support/until.ts';

interface Watched {
  readonly directory: string;
  /** Changes so far, each with the names of its files. */
  readonly changes: string[];
  /** Waits for so many changes in all. */
  readonly change: (count: number) => Promise<void>;
  readonly write: (name: string, text: string) => void;
}

/** Watches files of a temporary directory. */
function watched(
  t: TestContext,
  names: readonly string[],
  {followLinks = false, ...options}: Partial<FileWatchOptions> & {readonly followLinks?: boolean} = {},
  files: Readonly<Record<string, string>> = Object.fromEntries(names.map((name) => [name, '1'])),
): Watched {
  const directory = directoryWith(files);
  const changes: string[] = [];
  const watch = watchFiles({
    poll: false,
    any: () => false,
    failed: (error) => assert.fail(error),
    changed: (found) => void changes.push(found.map((file) => basename(file)).join(' ')),
    ...options,
  });
  t.after(watch.close);
  for (const name of names) watch.add(join(directory, name), {followLinks});
  return {
    directory,
    changes,
    change: (count) =>
      until(
        () => `change ${count}: ${changes.join(', ')}`,
        () => changes.length >= count,
        5,
        5,
      ),
    write: (name, text) => {
      mkdirSync(join(directory, name, '..'), {recursive: true});
      writeFileSync(join(directory, name), text);
    },
  };
}

test('a directory that is deleted and made anew is watched again, several times', async (t) => {
  const {directory, changes, change, write} = watched(t, ['dist/lib/a.mjs', 'dist/b.mjs']);
  for (let round = 0; round < 3; round += 1) {
    rmSync(join(directory, 'dist'), {recursive: true});
    if (round > 0) await sleep(50);
    write('dist/lib/a.mjs', 'made');
    write('dist/b.mjs', 'made');
    await change(2 * round + 1);
    write('dist/lib/a.mjs', 'written again');
    await change(2 * round + 2);
  }
  assert.equal(changes.at(-1), 'a.mjs');
});

test('a directory that another one replaces is watched from then on', async (t) => {
  const {directory, change, write} = watched(t, ['dist/a.mjs']);
  write('next/a.mjs', 'next');
  renameSync(join(directory, 'dist'), join(directory, 'old'));
  renameSync(join(directory, 'next'), join(directory, 'dist'));
  await change(1);
  write('dist/a.mjs', 'again');
  await change(2);
});

test('a symlink on the way to a file that points elsewhere is a change, and so is one behind it', async (t) => {
  const files = {'releases/1/a.mjs': '1', 'releases/2/a.mjs': 'two', 'other/3/a.mjs': 'three'};
  const directory = directoryWith(files);
  const link = (target: string, name: string): void => {
    symlinkSync(target, join(directory, 'new'));
    renameSync(join(directory, 'new'), join(directory, name));
  };
  link('releases/1', 'latest');
  link('latest', 'current');
  let count = 0;
  const watch = watchFiles({poll: false, any: () => false, failed: assert.fail, changed: () => void (count += 1)});
  t.after(watch.close);
  watch.add(join(directory, 'current/a.mjs'), {followLinks: true});
  link('releases/2', 'latest');
  await until('the inner link is noticed', () => count === 1, 5);
  link('other/3', 'current');
  await until('the outer link is noticed', () => count === 2, 5);
  writeFileSync(join(directory, 'other/3/a.mjs'), 'changed');
  await until('the new target is watched', () => count === 3, 5);
});

test('files that vanish and return are one change; one that stays away is one as well, later', async (t) => {
  const {directory, changes, change, write} = watched(t, ['a.mjs', 'b.mjs']);
  rmSync(join(directory, 'a.mjs'));
  await sleep(100);
  assert.deepEqual(changes, []);
  write('b.mjs', 'switched');
  write('a.mjs', 'switched');
  await change(1);
  assert.equal(changes[0], 'a.mjs b.mjs');
  rmSync(join(directory, 'a.mjs'));
  await change(2);
  write('a.mjs', 'back');
  await change(3);
});

test('what is written without a change of a watched file is none', async (t) => {
  const {changes, change, write} = watched(t, ['a.mjs']);
  write('b.mjs', 'new');
  write('cache/c.json', '{}');
  write('a.mjs', 'changed');
  await change(1);
  await sleep(50);
  assert.deepEqual(changes, ['a.mjs']);
});

test('a missing file is noticed when it is created, with the directories above it', async (t) => {
  const {change, write} = watched(t, ['lib/deep/a.mjs'], {}, {'b.mjs': ''});
  await sleep(30);
  write('lib/deep/a.mjs', 'there');
  await change(1);
});

test('while nothing runs, any new file of code counts', async (t) => {
  const {change, write} = watched(t, ['a.mjs'], {any: () => true});
  write('other.mjs', 'new');
  await change(1);
});

test('with polling, changes are noticed without events', async (t) => {
  const {directory, change, write} = watched(t, ['dist/a.mjs'], {poll: true});
  rmSync(join(directory, 'dist'), {recursive: true});
  write('dist/a.mjs', 'made');
  await change(1);
});
