import {type FSWatcher, statSync, watch} from 'node:fs';
import {dirname, extname, join, relative} from 'node:path';
import type {Log} from '../process/log.ts';
import type {Arbiter} from './types.ts';

/** What `--reload` hears of workers. */
export interface Reloading {
  readonly loaded: (files: readonly string[]) => void;
}

/** `--reload`: a change of a file that a worker has loaded starts the workers again; the arbiter keeps the port meanwhile. */
export function reloadOnChange(
  module: string,
  {restart, state}: Pick<Arbiter, 'restart' | 'state'>,
  log: Log,
): Reloading {
  const files = watchFiles({
    changed: (changed) => {
      log('info', 'changed', {files: changed.map((file) => relative(process.cwd(), file)).join(' ')});
      restart();
    },
    any: () => !state().members.some((member) => member.state === 'ready'),
    failed: (error) =>
      log('warning', 'not_watching', {
        message: `changes are not noticed: ${error.message}`,
        fix: 'raise fs.inotify.max_user_watches, or send SIGHUP',
      }),
  });
  files.add(module);
  return {loaded: (loaded) => loaded.forEach(files.add)};
}

// Editors write a file in several steps; this long after the last of them it is whole.
const settleMilliseconds = 20;
const codeNames = new Set(['.js', '.mjs', '.cjs', '.ts', '.mts', '.cts', '.jsx', '.tsx', '.json']);

export interface FileWatch {
  /** From now on, this file is looked after. */
  readonly add: (file: string) => void;
  readonly close: () => void;
}

export interface FileWatchFacts {
  readonly changed: (files: readonly string[]) => void;
  /** Does any file of code count, beside those that were loaded? So it is when nothing runs: the missing one may have come. */
  readonly any: () => boolean;
  /** Told once when the system watches no more. */
  readonly failed: (error: Error) => void;
}

/**
 * Watches the directories of files, since editors put a new file in the place of the old one. A file counts as changed when
 * its time or size is another one: not when it is only read, or its owner changes.
 */
export function watchFiles({changed, any, failed}: FileWatchFacts): FileWatch {
  const known = new Map<string, string>();
  const directories = new Map<string, FSWatcher>();
  let touched = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let told = false;

  function settle(): void {
    const files = [...touched].filter((file) => {
      const was = known.get(file);
      const is = stampOf(file);
      if (is !== undefined) known.set(file, is);
      return is !== was && (was !== undefined || any());
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
    if (!told) failed(error);
    told = true;
  }
  return {
    add: (file) => {
      // Whatever was loaded: what is in the file by now may be newer.
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
