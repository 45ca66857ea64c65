import {type FSWatcher, statSync, watch} from 'node:fs';
import {dirname, extname, join, relative} from 'node:path';
import type {Log} from '../process/log.ts';
import type {Arbiter} from './arbiter.ts';

/** Restarts the workers when a file changes. */
export interface Reloader {
  /** Adds files that a worker has loaded. */
  readonly loaded: (files: readonly string[]) => void;
  readonly close: () => void;
}

/** `--reload`: restarts the workers when a file that one of them has loaded changes. The arbiter keeps the port open. */
export function reloadOnChange(
  module: string,
  {restart, status}: Pick<Arbiter, 'restart' | 'status'>,
  log: Log,
): Reloader {
  const files = watchFiles({
    changed: (changed) => {
      log('info', 'changed', {files: changed.map((file) => relative(process.cwd(), file)).join(' ')});
      restart();
    },
    any: () => !status().workers.some(({state}) => state === 'ready'),
    failed: (error) =>
      log('warning', 'not_watching', {
        message: `cannot watch for changes: ${error.message}`,
        fix: 'raise fs.inotify.max_user_watches, or send SIGHUP',
      }),
  });
  files.add(module);
  return {loaded: (loaded) => loaded.forEach(files.add), close: files.close};
}

// Editors save a file in several steps; so long after the last one it is complete.
const settleMilliseconds = 20;
const codeNames = new Set(['.js', '.mjs', '.cjs', '.ts', '.mts', '.cts', '.jsx', '.tsx', '.json']);

export interface FileWatch {
  /** Starts to watch a file. */
  readonly add: (file: string) => void;
  readonly close: () => void;
}

export interface FileWatchOptions {
  readonly changed: (files: readonly string[]) => void;
  /** Whether code files that were not loaded count. True while no worker runs: a missing file can have been created. */
  readonly any: () => boolean;
  /** Called once, when the system refuses a watch. */
  readonly failed: (error: Error) => void;
}

/**
 * Watches the directories of the files, since editors replace a file by a new one. A file has changed when its mtime, size
 * or inode has: not when it is read or its owner changes.
 */
export function watchFiles({changed, any, failed}: FileWatchOptions): FileWatch {
  const known = new Map<string, string>();
  const directories = new Map<string, FSWatcher>();
  let touched = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let hasFailed = false;

  function settle(): void {
    const files = [...touched].filter((file) => {
      const before = known.get(file);
      const now = stampOf(file);
      if (now !== undefined) known.set(file, now);
      return now !== before && (before !== undefined || any());
    });
    touched = new Set();
    if (files.length > 0) changed(files);
  }
  function touch(file: string): void {
    if (!known.has(file) && !codeNames.has(extname(file))) return;
    touched.add(file);
    clearTimeout(timer);
    timer = setTimeout(settle, settleMilliseconds);
  }
  function fail(error: Error): void {
    if (!hasFailed) failed(error);
    hasFailed = true;
  }
  return {
    add: (file) => {
      // A known file keeps its stamp: it can have changed since a worker loaded it.
      if (!known.has(file)) known.set(file, stampOf(file) ?? '');
      const directory = dirname(file);
      if (directories.has(directory)) return;
      try {
        const watcher = watch(directory, (_, name) => (name === null ? undefined : touch(join(directory, name))));
        directories.set(directory, watcher.on('error', fail));
      } catch (error) {
        fail(error as Error);
      }
    },
    close: () => {
      clearTimeout(timer);
      for (const watcher of directories.values()) watcher.close();
    },
  };
}

function stampOf(file: string): string | undefined {
  const stats = statSync(file, {throwIfNoEntry: false});
  return stats === undefined ? undefined : `${stats.mtimeMs} ${stats.size} ${stats.ino}`;
}
