import assert from 'node:assert/strict';
import {existsSync, lstatSync, readdirSync, readFileSync, renameSync, writeFileSync} from 'node:fs';
import net from 'node:net';
import {join} from 'node:path';
import {test, type TestContext} from 'node:test';
import {addressFailures} from '../../../../src/server/sockets/address-failure.ts';
import {bindUnixSocket, type Permissions, type UnixSocket} from '../../../../src/server/sockets/unix-socket.ts';
import {temporaryDirectory} from '../../../support/directory.ts';

async function bound(t: TestContext, path: string, permissions: Permissions = {}): Promise<UnixSocket> {
  const socket = await bindUnixSocket(path, permissions);
  t.after(() => socket.handle.close());
  return socket;
}

const failure = async (path: string, permissions: Permissions = {}): Promise<string> => {
  try {
    await bindUnixSocket(path, permissions);
    return '';
  } catch (error) {
    return addressFailures([{bind: `unix:${path}`, error}]).message;
  }
};

test('a Unix socket has its mode and owner, and is the only file in its directory', async (t) => {
  const directory = temporaryDirectory();
  const modes: readonly (readonly [Permissions, number])[] = [
    [{socketMode: '660'}, 0o660],
    [{socketMode: '0606'}, 0o606],
    [{}, 0o777 & ~process.umask()],
    [{socketOwner: `:${process.getgid?.()}`}, 0o660],
    [{socketOwner: String(process.getuid?.()), socketMode: '600'}, 0o600],
  ];
  for (const [index, [permissions, mode]] of modes.entries()) {
    const path = join(directory, `${index}.sock`);
    await bound(t, path, permissions);
    assert.equal(lstatSync(path).mode & 0o777, mode, JSON.stringify(permissions));
  }
  assert.deepEqual(readdirSync(directory).length, modes.length);
});

test('the longest path is bound, and its temporary name is no longer', async (t) => {
  const directory = temporaryDirectory();
  for (const length of [107, 106, 105, 100]) {
    const path = join(directory, 'a'.repeat(length - directory.length - 1));
    await bound(t, path);
    assert.ok(lstatSync(path).isSocket());
  }
});

test('the socket of a killed server is replaced; a live one and any other file stay', async (t) => {
  const directory = temporaryDirectory();
  const [stale, live, file] = ['stale', 'live', 'file'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  const dead = await bindUnixSocket(stale, {});
  dead.handle.close();
  assert.ok(existsSync(stale), 'closing the handle removes nothing');
  await bound(t, stale);
  const server = net.createServer().listen(live);
  t.after(() => server.close());
  await new Promise((resolve) => void server.once('listening', resolve));
  writeFileSync(file, 'text');
  for (const path of [live, file])
    assert.equal(
      await failure(path),
      `cannot listen on unix:${path}: another server listens there, or the path is not a socket`,
    );
  assert.equal(readFileSync(file, 'utf8'), 'text');
  assert.ok(lstatSync(live).isSocket());
  assert.deepEqual(readdirSync(directory).length, 3);
});

test('a socket removes its own file once, and never that of another server', async (t) => {
  const path = join(temporaryDirectory(), 'app.sock');
  const first = await bound(t, path);
  renameSync(path, `${path}.old`);
  const second = await bound(t, path);
  first.unlink();
  assert.ok(existsSync(path));
  second.unlink();
  assert.equal(existsSync(path), false);
  writeFileSync(path, '');
  second.unlink();
  assert.ok(existsSync(path));
});

test('a missing directory and unknown names are reported', async () => {
  const directory = temporaryDirectory();
  assert.match(await failure(join(directory, 'none/app.sock')), /its directory does not exist$/);
  assert.match(
    await failure(join(directory, 's'), {socketOwner: 'no-such-user'}),
    /no user no-such-user in \/etc\/passwd$/,
  );
  assert.match(await failure(join(directory, 's'), {socketOwner: ':no-such'}), /no group no-such in \/etc\/group$/);
  assert.deepEqual(readdirSync(directory), []);
});
