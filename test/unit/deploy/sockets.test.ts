import assert from 'node:assert/strict';
import {test} from 'node:test';
import {socketDirectories} from '../../../src/deploy/sockets.ts';

const places = (home: string, env: Readonly<Record<string, string>> = {}): string[] =>
  socketDirectories({env, home, uid: 1000}).map(({sockets}) => sockets);

test('sockets of ssh are in the home directory, or else in one for temporary files', () => {
  assert.deepEqual(places('/home/jo'), ['~/.ssh/entrypoint-%C', '/tmp/entrypoint-ssh-1000/%C']);
  assert.deepEqual(places('/home/jo', {XDG_RUNTIME_DIR: '/run/user/1000', TMPDIR: 'tmp'}), [
    '~/.ssh/entrypoint-%C',
    '/run/user/1000/entrypoint-ssh-1000/%C',
    '/tmp/entrypoint-ssh-1000/%C',
  ]);
});

test('a name that is too long for the kernel is left out: 108 bytes, of which ssh needs 57 itself', () => {
  assert.ok(places('/home/33-characters-in-this-name').includes('~/.ssh/entrypoint-%C'));
  assert.deepEqual(places('/home/CORP.EXAMPLE.COM/first.lastname-of-some'), ['/tmp/entrypoint-ssh-1000/%C']);
  assert.deepEqual(places('/home/ααααααααααααααα'), ['/tmp/entrypoint-ssh-1000/%C'], 'bytes count, not characters');
  assert.deepEqual(places('/home/jo%h'), ['/tmp/entrypoint-ssh-1000/%C'], 'ssh replaces %h');
  assert.deepEqual(places('/home/jo', {TMPDIR: `/scratch/${'x'.repeat(60)}`}), places('/home/jo'));
});
