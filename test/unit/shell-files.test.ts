import assert from 'node:assert/strict';
import {execFileSync, spawnSync} from 'node:child_process';
import {closeSync, existsSync, openSync, readSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';

const root = join(import.meta.dirname, '../..');

/** The first line of a file, or its first 80 bytes. */
function firstLine(file: string): string {
  const descriptor = openSync(join(root, file), 'r');
  try {
    const bytes = Buffer.alloc(80);
    return bytes.toString('latin1', 0, readSync(descriptor, bytes)).split('\n', 1)[0] ?? '';
  } finally {
    closeSync(descriptor);
  }
}

/** Files of the repository that a shell runs, by their name or their shebang. Includes new files that are not staged. */
function shellFiles(): string[] {
  const words = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  return execFileSync('git', words, {cwd: root, encoding: 'utf8'})
    .split('\0')
    .filter((file) => file !== '' && existsSync(join(root, file)))
    .filter((file) => /\.(?:ba|da)?sh$/.test(file) || /^#!.*\b(?:ba|da)?sh\b/.test(firstLine(file)));
}

test('finds shell files by their shebang and by their name', () => {
  const files = shellFiles();
  for (const file of ['bin/entrypoint', 'images/base/start-as-webuser', 'images/haproxy/lb-config.sh', 'scripts/setup'])
    assert.ok(files.includes(file), `${file} is not among ${files.join(', ')}`);
  assert.ok(!files.includes('images/node/compile-ahead'), 'a Node script is not a shell file');
});

test('shellcheck finds nothing in any shell file', () => {
  const {status, stdout, error} = spawnSync('shellcheck', ['--format=gcc', '--', ...shellFiles()], {
    cwd: root,
    encoding: 'utf8',
  });
  assert.equal(error, undefined, 'shellcheck is not installed\nfix: sh scripts/shellcheck');
  assert.equal(stdout, '');
  assert.equal(status, 0);
});
