import type {Words} from '../shell/argv.ts';

/**
 * The commit that is checked out (`# branch.oid HASH`), then one line for each file below `directory` that differs
 * from it; untracked ones count, ignored ones do not.
 */
export const gitStatus = (directory: string): Words => [
  'git',
  '-C',
  directory,
  'status',
  '--porcelain=v2',
  '--branch',
  '--untracked-files=normal',
  '--',
  '.',
];
