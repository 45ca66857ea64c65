import type {Words} from '../argv.ts';

/** The full hash of the commit that is checked out. */
export const gitCommit = (folder: string): Words => ['git', '-C', folder, 'rev-parse', 'HEAD'];

/** One line for each file below `folder` that differs from the commit; untracked ones count, ignored ones do not. */
export const gitStatus = (folder: string): Words =>
  ['git', '-C', folder, 'status', '--porcelain', '--untracked-files=normal', '--', '.'];
