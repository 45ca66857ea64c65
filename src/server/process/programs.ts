import {dirname, join} from 'node:path';

const sources = {
  serve: 'serve.ts',
  worker: 'worker/worker.ts',
  watchdog: 'watchdog/watchdog.ts',
  'pool-thread': 'threads/thread/pool-thread.ts',
} as const;

const isSource = import.meta.url.endsWith('.ts');

/** The directory of the server's own code, bundled (dist/) or as source (src/server/). */
export const serverDirectory = isSource ? dirname(import.meta.dirname) : import.meta.dirname;

/** Absolute path of one of the server's programs: next to this bundle, or its source file. */
export function serverProgram(name: keyof typeof sources): string {
  return join(serverDirectory, isSource ? sources[name] : `${name}.js`);
}
