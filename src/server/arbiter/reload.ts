import {relative} from 'node:path';
import type {Arbiter} from './types.ts';
import type {Log} from '../process/log.ts';
import {watchFiles} from './file-watch.ts';

/** What `--reload` hears of workers. */
export interface Reloading {
  readonly loaded: (files: readonly string[]) => void;
}

/** `--reload`: a change of a file that a worker has loaded starts the workers again; the arbiter keeps the port meanwhile. */
export function reloadOnChange(module: string, {restart, state}: Pick<Arbiter, 'restart' | 'state'>, log: Log): Reloading {
  const files = watchFiles({
    changed: (changed) => {
      log('info', 'changed', {files: changed.map((file) => relative(process.cwd(), file)).join(' ')});
      restart();
    },
    any: () => !state().members.some((member) => member.state === 'ready'),
    failed: (error) => log('warning', 'not_watching', {message: `changes are not noticed: ${error.message}`, fix: 'raise fs.inotify.max_user_watches, or send SIGHUP'}),
  });
  files.add(module);
  return {loaded: (loaded) => loaded.forEach(files.add)};
}
