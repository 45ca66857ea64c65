import {spawnSync} from 'node:child_process';
import {long} from './long.ts';

/** For a long test that needs programs: skips it, and says why, if one of them is not installed. */
export function needs(...programs: readonly string[]): {readonly skip?: string} {
  if (long.skip !== undefined) return long;
  const missing = programs.filter((program) => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0);
  return missing.length === 0 ? {} : {skip: `not installed: ${missing.join(', ')} (sh scripts/clients installs it)`};
}
