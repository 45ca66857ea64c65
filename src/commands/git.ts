import type {Words} from '../shell/argv.ts';

/**
 * The checked-out commit (`# branch.oid HASH`), then one line for each file below `directory` that differs from it,
 * untracked files included, ignored files not.
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
