import {existsSync} from 'node:fs';
import {join} from 'node:path';

// As source, each program is in the room of what it does.
const sources = {serve: 'serve.ts', worker: 'worker/worker.ts', watchdog: 'worker/watchdog.ts', 'pool-thread': 'threads/pool-thread.ts'} as const;

/** The file of a program of the server: beside the bundle, or the source itself. */
export function serverProgram(name: keyof typeof sources): string {
  const bundled = join(import.meta.dirname, `${name}.js`);
  return existsSync(bundled) ? bundled : join(import.meta.dirname, sources[name]);
}

/** The directory of the server's own code. */
export const serverDirectory = import.meta.dirname;
