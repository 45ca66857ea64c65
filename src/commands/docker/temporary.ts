import {lstatSync, readlinkSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, resolve} from 'node:path';
import {executables} from '../../shell/executable.ts';

/**
 * The directory for temporary files that the docker client reads or writes. A client from a snap sees a /tmp of its own,
 * and of the user's directory what is not hidden.
 */
export function dockerTemporaryDirectory(env: Readonly<Record<string, string | undefined>>): string {
  const usual = tmpdir();
  const home = env['HOME'] ?? '';
  const [client] = executables('docker', {directory: '/', path: env['PATH']});
  if (client === undefined || home === '' || !isOfSnap(client)) return usual;
  return usual.startsWith(`${home}/`) && !usual.slice(home.length).includes('/.') ? usual : home;
}

/** Its program is a link to snap itself: what is in the way there says whose it is. */
function isOfSnap(file: string): boolean {
  let path = file;
  // As many as Linux follows.
  for (let links = 0; links < 40; links += 1) {
    if (/\/snap\/(?:bin\/|docker\/)/.test(path)) return true;
    if (!lstatSync(path).isSymbolicLink()) return false;
    path = resolve(dirname(path), readlinkSync(path));
  }
  return false;
}
