import {type Command, type Words, wordsText} from '../shell/argv.ts';

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

/** Three lines: the repository's root, the path of `directory` in it (empty for the root), and where its objects are. */
export const gitPlace = (directory: string): Words => [
  'git',
  '-C',
  directory,
  'rev-parse',
  '--show-toplevel',
  '--show-prefix',
  '--path-format=absolute',
  '--git-path',
  'objects',
];

/** The files of Git LFS below `directory`, each ended by a NUL. */
export const gitLargeFiles = (directory: string): Words => [
  'git',
  '-C',
  directory,
  'ls-files',
  '-z',
  '--',
  ':(attr:filter=lfs)',
];

/** One line for each submodule, nested ones included: `-` or `+` and its commit, its path. */
export const gitSubmodules = (root: string): Words => ['git', '-C', root, 'submodule', 'status', '--recursive'];

/** Directories that install commands make: what a laptop has in them belongs into no image, even if git does not ignore it. */
const installed = ['node_modules', '.venv', '__pycache__'];

/** What is exported besides the commit, and where to. */
export interface GitExportOptions {
  /** Absolute: a directory that gets the files at their paths in the repository. */
  readonly files: string;
  /** Absolute: an empty directory for git's index and objects of this export. */
  readonly scratch: string;
  /** Whether files that differ from the commit, and untracked ones that git does not ignore, are exported as they are. */
  readonly changed: boolean;
  /** Paths below `directory` to export even if git ignores them. */
  readonly include: readonly string[];
  /** The repository's objects, from {@link gitPlace}. */
  readonly objects: string;
}

/**
 * Writes the commit's files below `directory` elsewhere, through an index and objects of its own: the repository stays as
 * it is. Modes and line ends are the commit's, whatever the umask and core.autocrlf. Unlike `git archive`, it leaves
 * nothing out that the attribute export-ignore names: tests are run in the image, too.
 */
export function gitExport(directory: string, {files, scratch, changed, include, objects}: GitExportOptions): Command {
  const git = (...words: readonly string[]): string =>
    // The user's configuration must not change line ends, nor which files are written.
    wordsText(['git', '-C', directory, '-c', 'core.autocrlf=false', '-c', 'core.sparseCheckout=false', ...words]);
  const exclude = installed.flatMap((name) => [`:(exclude,glob)**/${name}/**`]);
  const adds = [
    ...(changed ? [git('add', '--update', '--', '.'), git('add', '--all', '--', '.', ...exclude)] : []),
    ...(include.length === 0 ? [] : [git('add', '--force', '--', ...include)]),
  ];
  const steps = [
    // A file that only its owner can read would be unreadable for the service's user.
    'umask 022',
    wordsText(['mkdir', '-p', files, scratch]),
    git('read-tree', 'HEAD'),
    ...adds,
    `${git('ls-files', '-z', '--', '.')} | ${git('checkout-index', '-z', '--stdin', `--prefix=${files}/`)}`,
  ];
  return {
    words: ['sh', '-c', steps.join(' && ')],
    env: {
      GIT_INDEX_FILE: `${scratch}/index`,
      ...(adds.length === 0 ? {} : {GIT_OBJECT_DIRECTORY: scratch, GIT_ALTERNATE_OBJECT_DIRECTORIES: objects}),
    },
  };
}
