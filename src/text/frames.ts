import {relative, sep} from 'node:path';
import {fileURLToPath} from 'node:url';

/** `tasks.ts:12:9`: where the service's own source was when an error was made; undefined when it was not there. */
export function serviceFrame(error: unknown, folder: string): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const message = String(error.message);
  const frames = (error.stack ?? '').replace(message, '').split('\n');
  for (const line of frames) {
    const match = /^\s+at (?:.*\()?((?:file:\/\/)?\/.*):(\d+):(\d+)\)?$/.exec(line);
    if (match === null) continue;
    const path = match[1]?.startsWith('file:') ? fileURLToPath(match[1]) : match[1] ?? '';
    const name = relative(folder, path);
    if (!name.startsWith('..') && !name.split(sep).includes('node_modules')) return `${name}:${match[2]}:${match[3]}`;
  }
  return undefined;
}
