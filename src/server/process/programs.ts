import {dirname, join} from 'node:path';

// As source, each program is in the room of what it does.
const sources = {
  serve: 'serve.ts',
  worker: 'worker/worker.ts',
  watchdog: 'watchdog/watchdog.ts',
  'pool-thread': 'threads/pool-thread.ts',
} as const;

const source = import.meta.url.endsWith('.ts');

/** The directory of the server's own code, bundled or as source. */
export const serverDirectory = source ? dirname(import.meta.dirname) : import.meta.dirname;

/** The file of a program of the server: beside the bundle, or the source itself. */
export function serverProgram(name: keyof typeof sources): string {
  return join(serverDirectory, source ? sources[name] : `${name}.js`);
}
