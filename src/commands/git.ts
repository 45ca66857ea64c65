import {type Command, quote, type Words, wordsText} from '../shell/argv.ts';

// Files that are checked out with the line ends of Windows are those of the commit. The index stays as it is.
const reading: Words = ['--no-optional-locks', '-c', 'core.autocrlf=input', '-c', 'core.safecrlf=false'];

/**
 * The checked-out commit (`# branch.oid HASH`), then one line for each file below `directory` that differs from it,
 * untracked files included, ignored files not.
 * @param pathspecs what counts, relative to `directory`. Default: everything in it
 */
export const gitStatus = (directory: string, pathspecs: Words = ['.']): Words => [
  'git',
  ...reading,
  '-C',
  directory,
  'status',
  '--porcelain=v2',
  '--branch',
  // A directory of which some files count is listed with its files.
  `--untracked-files=${pathspecs.length > 1 ? 'all' : 'normal'}`,
  '--',
  ...pathspecs,
];

/** The last commit that changed one of these files; nothing if no commit did. */
export const gitLastCommit = (directory: string, pathspecs: Words): Words => [
  'git',
  '-C',
  directory,
  'rev-list',
  '--max-count=1',
  'HEAD',
  '--',
  ...pathspecs,
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

/** Which files of a directory are meant, and where their objects are. */
export interface GitFilesOptions {
  /** Relative to the directory. Default: everything in it. */
  readonly pathspecs?: Words | undefined;
  /** Those of the files that the hash depends on. Default: all. */
  readonly hashed?: Words | undefined;
  /** Whether files that differ from the commit, and untracked ones that git does not ignore, count as they are. */
  readonly changed: boolean;
  /** Paths below the directory that count even if git ignores them. */
  readonly include: readonly string[];
  /** The repository's objects, from {@link gitPlace}; undefined without a repository. */
  readonly objects: string | undefined;
}

/** What is exported besides the commit, and where to. */
export interface GitExportOptions extends GitFilesOptions {
  /** Absolute: a directory that gets the files at their paths in the repository. */
  readonly files: string;
  /** Absolute: an empty directory for git's index and objects of this export. */
  readonly scratch: string;
  /** Files to export a second time, and where to. */
  readonly second?: {readonly pathspecs: Words; readonly files: string} | undefined;
}

/**
 * Writes the commit's files below `directory` elsewhere, through an index and objects of its own: the repository stays as
 * it is. Modes and line ends are the commit's, whatever the umask and core.autocrlf. Unlike `git archive`, it leaves
 * nothing out that the attribute export-ignore names: tests are run in the image, too. Where files differ from the commit,
 * it prints a hash of what was written.
 */
export function gitExport(directory: string, {files, scratch, second, ...what}: GitExportOptions): Command {
  const {git, env, steps} = ownIndex(directory, scratch, {
    ...what,
    pathspecs: [...(what.pathspecs ?? ['.']), ...(second?.pathspecs ?? [])],
  });
  const checkOut = (to: string, pathspecs: Words): string =>
    `${git('ls-files', '-z', '--', ...pathspecs)} | ${git('checkout-index', '-z', '--stdin', `--prefix=${to}/`)}`;
  const all = [
    // A file that only its owner can read would be unreadable for the service's user.
    'umask 022',
    wordsText(['mkdir', '-p', files, scratch]),
    ...steps,
    checkOut(files, what.pathspecs ?? ['.']),
    ...(second === undefined ? [] : [checkOut(second.files, second.pathspecs)]),
    ...(what.changed ? [hashOf(git, what.hashed ?? what.pathspecs)] : []),
  ];
  return {words: ['sh', '-c', all.join(' && ')], env};
}

/** Prints a hash of the files that {@link gitExport} would write; it depends on their names, modes and contents only. */
export function gitContentHash(directory: string, what: GitFilesOptions): Words {
  const {git, env, steps} = ownIndex(directory, '$scratch', what);
  const exports = Object.entries(env).map(([name, value]) => `export ${name}=${inScratch(value)}`);
  return [
    'sh',
    '-c',
    [
      'scratch=$(mktemp -d)',
      `trap 'rm -rf "$scratch"' EXIT`,
      ...exports,
      ...steps,
      hashOf(git, what.hashed ?? what.pathspecs),
    ].join(' && '),
  ];
}

const inScratch = (value: string): string =>
  value.startsWith('$scratch') ? `"$scratch"${quote(value.slice('$scratch'.length))}` : quote(value);

type Git = (...words: readonly string[]) => string;

/** The commands that bring the files into an index of their own, below `scratch`. */
function ownIndex(
  directory: string,
  scratch: string,
  {pathspecs = ['.'], changed, include, objects}: GitFilesOptions,
): {readonly git: Git; readonly env: Readonly<Record<string, string>>; readonly steps: readonly string[]} {
  const git: Git = (...words) =>
    // The user's configuration must not change line ends, nor which files are written.
    wordsText([
      'git',
      '-C',
      directory,
      '-c',
      'core.autocrlf=input',
      '-c',
      'core.safecrlf=false',
      '-c',
      'core.sparseCheckout=false',
      ...words,
    ]);
  const exclude = installed.flatMap((name) => [`:(exclude,glob)**/${name}/**`]);
  // Unlike `git add`, it accepts a pathspec that matches nothing.
  const update = (...list: readonly string[]): string =>
    `${git('ls-files', '-z', ...list)} | ${git('update-index', '-z', '--add', '--remove', '--stdin')}`;
  const adds = [
    ...(changed && objects !== undefined ? [update('--modified', '--', ...pathspecs)] : []),
    ...(changed ? [update('--others', '--exclude-standard', '--', ...pathspecs, ...exclude)] : []),
    ...(include.length === 0 ? [] : [git('add', '--force', '--', ...include)]),
  ];
  if (objects === undefined)
    return {
      git,
      env: {GIT_DIR: `${scratch}/repository`, GIT_WORK_TREE: directory, GIT_INDEX_FILE: `${scratch}/index`},
      steps: [git('init', '--quiet', '--template='), ...adds],
    };
  return {
    git,
    env: {
      GIT_INDEX_FILE: `${scratch}/index`,
      ...(adds.length === 0 ? {} : {GIT_OBJECT_DIRECTORY: scratch, GIT_ALTERNATE_OBJECT_DIRECTORIES: objects}),
    },
    steps: [git('read-tree', 'HEAD'), ...adds],
  };
}

const hashOf = (git: Git, pathspecs: Words = ['.']): string =>
  `${git('ls-files', '--stage', '-z', '--', ...pathspecs)} | ${git('hash-object', '--stdin')}`;
