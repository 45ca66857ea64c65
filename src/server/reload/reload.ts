import {relative} from 'node:path';
import type {Arbiter} from '../arbiter/arbiter.ts';
import type {Log} from '../process/log.ts';
import type {Settings} from '../settings/settings.ts';
import {watchFiles} from './watch.ts';

/** Restarts the workers when a file changes. */
export interface Reloader {
  /** Adds files that a worker has loaded, or has looked for. */
  readonly loaded: (files: readonly string[]) => void;
  readonly close: () => void;
}

/** `git switch` changes hundreds of files: so many names tell which change it was. */
const maxNames = 5;

/** `--reload`: restarts the workers when a file that one of them has loaded changes. The arbiter keeps the port open. */
export function reloadOnChange(
  {module, reloadEngine, reloadExtraFile}: Pick<Settings, 'module' | 'reloadEngine' | 'reloadExtraFile'>,
  {restart, status}: Pick<Arbiter, 'restart' | 'status'>,
  log: Log,
): Reloader {
  const files = watchFiles({
    poll: reloadEngine === 'poll',
    changed: (changed) => {
      const names = changed.slice(0, maxNames).map((file) => relative(process.cwd(), file));
      const more = changed.length - names.length;
      log('info', 'changed', {files: names.join(' '), ...(more === 0 ? {} : {more})});
      restart();
    },
    // Not while one boots: a service can write files then.
    any: () => status().workers.every(({state}) => state === 'leaving'),
    failed: (error) =>
      log('warning', 'not_watching', {
        message: `cannot watch for changes: ${error.message}; polling instead`,
        fix: 'raise fs.inotify.max_user_watches, or set --reload-engine=poll',
      }),
  });
  for (const file of [module, ...fileNames(reloadExtraFile)]) files.add(file, {followLinks: true});
  return {loaded: (loaded) => loaded.forEach((file) => files.add(file)), close: files.close};
}

/** The names in `--reload-extra-file`, which can be given more than once. */
export function fileNames(list: string): readonly string[] {
  return list.split(',').filter((name) => name !== '');
}
