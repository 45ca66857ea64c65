import {chmodSync, chownSync, existsSync, linkSync, lstatSync, readFileSync, renameSync, unlinkSync} from 'node:fs';
import net from 'node:net';
import {basename, dirname, join} from 'node:path';
import {bindHandle, type BoundHandle, checkedHandle} from '../process/node-internals.ts';
import {maxPathBytes} from '../settings/address.ts';
import type {Settings} from '../settings/settings.ts';

/** A Unix socket that is bound, with its final permissions; nothing listens on it yet. */
export interface UnixSocket {
  readonly handle: BoundHandle;
  /** Removes the file, unless another server has put its own in its place: no further client finds the socket. */
  readonly unlink: () => void;
}

export type Permissions = Partial<Pick<Settings, 'socketMode' | 'socketOwner'>>;

/**
 * Binds a Unix socket. A socket file that a killed server has left is replaced; one that accepts connections and any
 * other file stay.
 *
 * The socket is bound at a temporary path beside it, gets its owner and mode there, and is then linked to its own: no
 * client can connect with other permissions. And libuv, which removes the path it has bound when the handle is closed,
 * cannot remove the socket of a server that has replaced this one.
 * @throws NodeJS.ErrnoException EADDRINUSE, EACCES, EPERM, ENOENT, ENAMETOOLONG; Error for an unknown user or group
 */
export async function bindUnixSocket(path: string, {socketMode, socketOwner}: Permissions): Promise<UnixSocket> {
  const owner = socketOwner === undefined ? undefined : idsOf(socketOwner);
  const mode = socketMode ?? (owner === undefined ? undefined : '660');
  // libuv reports a missing directory as EACCES, as on Windows.
  if (!existsSync(dirname(path))) throw Object.assign(new Error(`no directory ${dirname(path)}`), {code: 'ENOENT'});
  await removeStale(path);
  const temporary = temporaryPath(path);
  const handle = checkedHandle(bindHandle(temporary, -1, -1), `unix:${path}`);
  try {
    if (owner !== undefined) chownSync(temporary, owner.user, owner.group);
    if (mode !== undefined) chmodSync(temporary, Number.parseInt(mode, 8));
    const {ino, dev} = lstatSync(temporary);
    moveTo(temporary, path);
    let linked = true;
    return {
      handle,
      unlink: () => {
        // Only once: while the socket is open, no other file can have its inode.
        if (!linked) return;
        linked = false;
        const found = lstatSync(path, {throwIfNoEntry: false});
        if (found?.ino === ino && found.dev === dev) unlinkSync(path);
      },
    };
  } catch (error) {
    handle.close();
    throw error;
  }
}

/** Unlike `rename`, a link never replaces a file. */
function moveTo(temporary: string, path: string): void {
  try {
    linkSync(temporary, path);
    unlinkSync(temporary);
  } catch (error) {
    const {code} = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw inUse(path);
    // A file system without links.
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw error;
    if (existsSync(path)) throw inUse(path);
    renameSync(temporary, path);
  }
}

function inUse(path: string): Error {
  return Object.assign(new Error(`${path} exists`), {code: 'EADDRINUSE'});
}

/** In the same directory, and no longer than a path can be. */
function temporaryPath(path: string): string {
  // Not node:crypto, which costs 9 ms of CPU.
  const unique = Math.random().toString(36).slice(2, 8);
  const directory = dirname(path);
  const room = maxPathBytes - Buffer.byteLength(join(directory, `.${unique}`));
  return join(
    directory,
    `${
      room > 0
        ? basename(path)
            .replaceAll(/[^\x20-\x7e]/g, '')
            .slice(0, room)
        : ''
    }.${unique}`,
  );
}

/** A socket that accepts connections is kept, and so is any other file. */
async function removeStale(path: string): Promise<void> {
  if (lstatSync(path, {throwIfNoEntry: false})?.isSocket() !== true) return;
  const refused = await new Promise<boolean>((resolve) => {
    const socket = net.connect(path, () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
  });
  if (refused) unlinkSync(path);
}

/**
 * User and group of `USER`, `USER:GROUP` or `:GROUP`; -1 leaves one as it is.
 * @throws Error when a name is not in /etc/passwd or /etc/group
 */
function idsOf(text: string): {readonly user: number; readonly group: number} {
  const [user = '', group = ''] = text.split(':');
  return {user: idOf(user, '/etc/passwd', 'user'), group: idOf(group, '/etc/group', 'group')};
}

function idOf(name: string, file: string, kind: string): number {
  if (name === '') return -1;
  if (/^\d+$/.test(name)) return Number(name);
  const line = readFileSync(file, 'utf8')
    .split('\n')
    .find((one) => one.startsWith(`${name}:`));
  const id = Number(line?.split(':')[2] ?? NaN);
  if (Number.isNaN(id)) throw Object.assign(new Error(`no ${kind} ${name} in ${file}`), {code: 'ENOOWNER'});
  return id;
}
