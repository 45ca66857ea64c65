import {accessSync, constants, statSync} from 'node:fs';
import {homedir, userInfo} from 'node:os';
import {dirname, join} from 'node:path';
import {homeSockets, noSockets, sshDirectory, type Sockets} from '../commands/ssh.ts';
import type {Words} from '../shell/argv.ts';
import type {Context} from '../task.ts';

/** A directory for the sockets of shared connections. */
export interface SocketDirectory {
  readonly directory: string;
  /** The value of ssh's ControlPath. */
  readonly sockets: Sockets;
  /** Creates the directory. */
  readonly create: Words;
}

interface Surroundings {
  readonly env: Context['env'];
  /** The home directory of which ssh knows. */
  readonly home: string;
  readonly uid: number;
}

// ssh creates a socket under a name that is 17 characters longer, and %C becomes 40.
const [hashLength, suffixLength] = [40, 17];
const longestPath = process.platform === 'darwin' ? 103 : 107;

/** The directories that can hold sockets, the best first: names are too long for the kernel in some home directories. */
export function socketDirectories({env, home, uid}: Surroundings): SocketDirectory[] {
  const others = [env['XDG_RUNTIME_DIR'], env['TMPDIR'], '/tmp'].flatMap((parent) => {
    if (parent === undefined || !parent.startsWith('/')) return [];
    const directory = join(parent, `entrypoint-ssh-${uid}`);
    return [{directory, sockets: `${directory}/%C`, create: ['mkdir', '-p', '-m', '700', directory]}];
  });
  const atHome = {directory: join(home, '.ssh'), sockets: homeSockets, create: sshDirectory};
  return [atHome, ...others].filter(({sockets}) => {
    const path = sockets.replace(/^~/, home).replace('%C', '');
    // ssh replaces what begins with a percent sign.
    return Buffer.byteLength(path) + hashLength + suffixLength <= longestPath && !path.includes('%');
  });
}

/** The first of those directories that is this user's own, or can be created; undefined: connections cannot be shared. */
export function findSocketDirectory(env: Context['env']): SocketDirectory | undefined {
  const uid = process.getuid?.() ?? 0;
  return socketDirectories({env, home: homeOf(env), uid}).find(({directory}) => isUsable(directory, uid));
}

/** Where connections are shared in these surroundings. */
export const socketsIn = (env: Context['env']): Sockets => findSocketDirectory(env)?.sockets ?? noSockets;

// ssh asks the user database, not HOME; in a container the user may have no entry.
function homeOf(env: Context['env']): string {
  try {
    return userInfo().homedir;
  } catch {
    return env['HOME'] ?? homedir();
  }
}

// Another user's directory, in /tmp for example, could have sockets that lead elsewhere.
function isUsable(directory: string, uid: number): boolean {
  try {
    const found = statSync(directory, {throwIfNoEntry: false});
    if (found === undefined) accessSync(dirname(directory), constants.W_OK | constants.X_OK);
    else accessSync(directory, constants.W_OK | constants.X_OK);
    return found === undefined || (found.isDirectory() && found.uid === uid && (found.mode & 0o022) === 0);
  } catch {
    return false;
  }
}

/** Whether the directory is there. */
export const isThere = ({directory}: SocketDirectory): boolean =>
  statSync(directory, {throwIfNoEntry: false}) !== undefined;
