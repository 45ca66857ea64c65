import {type FSWatcher, lstatSync, readlinkSync, type Stats, statSync, watch} from 'node:fs';
import {basename, dirname, extname, join, relative, resolve, sep} from 'node:path';

// Own code, since chokidar 5 no longer sees a file once its directory was deleted and made anew (`rm -rf dist && build`),
// nor a symlink on the way to it that points elsewhere (`current -> releases/42`).

/** Editors and builds save in several steps; so long after the last one they are done. */
const settleMilliseconds = 20;
/** A build deletes its old output before it writes anything. */
const returnMilliseconds = 1000;
/** Once others have changed, as after `git switch`, what is gone is most likely gone for good. */
const shortReturnMilliseconds = 200;
const pollMilliseconds = 500;
/** Polling takes at most one part of so many of the time: a mounted file system can be slow. */
const pollShare = 20;
const maxLinks = 40;
const codeNames = new Set(['.js', '.mjs', '.cjs', '.ts', '.mts', '.cts', '.jsx', '.tsx', '.json']);

export interface FileWatch {
  /**
   * Starts to watch a file, which need not exist. With `followLinks`, also every symlink on the way to it; files that Node
   * has loaded have none.
   */
  readonly add: (file: string, options?: {readonly followLinks?: boolean}) => void;
  readonly close: () => void;
}

export interface FileWatchOptions {
  /** Looks at the files again and again, for file systems without events: network mounts, directories of another system. */
  readonly poll: boolean;
  readonly changed: (files: readonly string[]) => void;
  /** Whether code files that were not loaded count. True while no worker runs: a missing file can have been created. */
  readonly any: () => boolean;
  /** Called once, when the system refuses a watch. From then on it polls. */
  readonly failed: (error: Error) => void;
}

interface Directory {
  /** Names whose changes matter: of files, of directories on the way to one, and of symlinks. */
  readonly names: Set<string>;
  watcher: FSWatcher | undefined;
  /** Identity of what the watcher watches: another directory can take its place. */
  id: string | undefined;
}

/**
 * Watches files, by their directories and by those above, up to the working directory: a directory can be deleted, made
 * anew or replaced. Events only say when to look: a file has changed when its mtime, size or inode has, not when it is
 * read or its owner changes.
 */
export function watchFiles({poll, changed, any, failed}: FileWatchOptions): FileWatch {
  const stamps = new Map<string, string>();
  const directories = new Map<string, Directory>();
  let others = new Set<string>();
  let polls = poll;
  let goneSince: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  let poller: NodeJS.Timeout | undefined;
  let closed = false;
  const top = process.cwd();

  /** Looks at everything, and reports what has changed. */
  function look(): void {
    // The upper ones first: what is created below one of them from now on causes an event.
    for (const [path, directory] of [...directories].toSorted(([one], [other]) => one.length - other.length))
      attach(path, directory);
    const before = [...stamps];
    const now = new Map(before.map(([file]) => [file, stampOf(file)]));
    const found = before.filter(([file, stamp]) => now.get(file) !== stamp).map(([file]) => file);
    const created = any() ? [...others].filter((file) => !stamps.has(file) && stampOf(file) !== missing) : [];
    if (found.length === 0 && created.length === 0) {
      goneSince = undefined;
      return;
    }
    const gone = found.filter((file) => now.get(file) === missing);
    if (gone.length > 0) {
      goneSince ??= process.uptime() * 1000;
      const limit = gone.length === found.length ? returnMilliseconds : shortReturnMilliseconds;
      const wait = goneSince + limit - process.uptime() * 1000;
      if (wait > 0) return lookAfter(wait);
    }
    goneSince = undefined;
    others = new Set();
    for (const [file, stamp] of now) stamps.set(file, stamp);
    changed([...found, ...created]);
  }
  function lookAfter(milliseconds: number): void {
    clearTimeout(timer);
    timer = setTimeout(look, milliseconds);
  }
  function touched(path: string, name: string | null): void {
    // Something else can be there now, even with the same inode: the old watcher is deaf.
    for (const moved of [path, join(path, name ?? '')]) {
      const directory = basename(moved) === name ? directories.get(moved) : undefined;
      if (directory !== undefined) directory.id = undefined;
    }
    if (name !== null && !directories.get(path)?.names.has(name) && name !== basename(path)) {
      if (!codeNames.has(extname(name)) || !any()) return;
      others.add(join(path, name));
    }
    lookAfter(settleMilliseconds);
  }
  /** Watches what is now at a path; nothing while there is nothing. */
  function attach(path: string, directory: Directory): void {
    if (polls) return;
    const id = idOf(path);
    if (id === directory.id) return;
    directory.watcher?.close();
    directory.watcher = undefined;
    directory.id = id;
    if (id === undefined) return;
    try {
      directory.watcher = watch(path, (_, name) => touched(path, name)).on('error', () => {});
    } catch (error) {
      // It can have been deleted again meanwhile.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') directory.id = undefined;
      else fail(error as Error);
    }
  }
  function fail(error: Error): void {
    failed(error);
    for (const {watcher} of directories.values()) watcher?.close();
    polls = true;
    pollAfter(pollMilliseconds);
  }
  function pollAfter(milliseconds: number): void {
    if (closed) return;
    poller = setTimeout(() => {
      const started = process.uptime() * 1000;
      look();
      pollAfter(Math.max(pollMilliseconds, (process.uptime() * 1000 - started) * pollShare));
    }, milliseconds);
  }
  function watchName(path: string, followLinks: boolean, links = 0): void {
    const parent = dirname(path);
    const directory = directories.get(parent) ?? {names: new Set(), watcher: undefined, id: undefined};
    const isKnown = directory.names.has(basename(path));
    directory.names.add(basename(path));
    directories.set(parent, directory);
    attach(parent, directory);
    const target = followLinks && links < maxLinks ? linkTarget(path) : undefined;
    if (target !== undefined) watchName(target, true, links + 1);
    if ((followLinks || !isKnown) && !isAbove(parent, top)) watchName(parent, followLinks, links);
  }
  if (polls) pollAfter(pollMilliseconds);
  return {
    add: (name, {followLinks = false} = {}) => {
      const file = resolve(name);
      // A known file keeps its stamp: it can have changed since a worker loaded it.
      if (stamps.has(file)) return;
      stamps.set(file, stampOf(file));
      watchName(file, followLinks);
    },
    close: () => {
      closed = true;
      clearTimeout(timer);
      clearTimeout(poller);
      for (const {watcher} of directories.values()) watcher?.close();
    },
  };
}

const missing = '';

function stampOf(file: string): string {
  const stats = statOf(file);
  return stats === undefined ? missing : `${stats.mtimeMs} ${stats.size} ${stats.ino}`;
}

function idOf(directory: string): string | undefined {
  const stats = statOf(directory);
  return stats?.isDirectory() === true ? `${stats.dev} ${stats.ino}` : undefined;
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, {throwIfNoEntry: false});
  } catch {
    // No permission, or a symlink to itself.
    return undefined;
  }
}

function linkTarget(path: string): string | undefined {
  try {
    return lstatSync(path).isSymbolicLink() ? resolve(dirname(path), readlinkSync(path)) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a directory is the other one, or above it. */
function isAbove(directory: string, other: string): boolean {
  const way = relative(directory, other);
  return way !== '..' && !way.startsWith(`..${sep}`);
}
