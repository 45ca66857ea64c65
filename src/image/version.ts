import {gitStatus} from '../commands/git.ts';
import {exitCode, problem} from '../errors.ts';
import type {Context} from '../task.ts';

/** The commit of the source an image is built from. */
export interface Version {
  /** Full commit hash, with `-dirty` when the working tree differs from it. */
  readonly commit: string;
  /** The image's tag: the first 12 characters, with `-dirty`. */
  readonly tag: string;
  /** Number of files that differ from the commit. */
  readonly dirtyFiles: number;
}

/**
 * The version of the source: from git, or from GIT_COMMIT_HASH, which every image has instead of a repository.
 * @throws Problem `no_commit` (exit code 65); `command_not_found` (exit code 69) without git
 * @example
 * const {tag, dirtyFiles} = await readVersion(context);
 * if (dirtyFiles > 0) context.note(`${tag} contains uncommitted changes`);
 */
export async function readVersion({run, cwd, env}: Pick<Context, 'run' | 'cwd' | 'env'>): Promise<Version> {
  const built = env['GIT_COMMIT_HASH'];
  if (built !== undefined && built !== '') return {commit: built, tag: shortTag(built), dirtyFiles: 0};
  const {exitCode: code, stdout, stderr} = await run.read(gitStatus(cwd), {allow: [128]});
  const {oid, dirtyFiles} = parseStatus(stdout);
  if (code !== 0 || oid === undefined) throw noCommit(cwd, code, stderr);
  const commit = oid + (dirtyFiles > 0 ? '-dirty' : '');
  return {commit, tag: shortTag(commit), dirtyFiles};
}

function parseStatus(text: string): {oid: string | undefined; dirtyFiles: number} {
  const lines = text.split('\n').filter((line) => line !== '');
  return {
    // `(initial)` in a repository without a commit.
    oid: lines.map((line) => /^# branch\.oid ([0-9a-f]+)$/.exec(line)?.[1]).find((found) => found !== undefined),
    dirtyFiles: lines.filter((line) => !line.startsWith('#')).length,
  };
}

function noCommit(cwd: string, code: number, stderr: string): Error {
  const empty = code === 0;
  const unsafe = /dubious ownership/i.test(stderr);
  return problem({
    code: 'no_commit',
    what: empty
      ? `no commits in the git repository of ${cwd}`
      : unsafe
        ? `git refuses the repository of another user: ${cwd}`
        : `${cwd} is not in a git repository`,
    fix: unsafe
      ? `git config --global --add safe.directory '${cwd}'`
      : `${empty ? '' : 'git init && '}git add . && git commit -m 'First version'`,
    exitCode: exitCode.badData,
  });
}

function shortTag(commit: string): string {
  const dirty = commit.endsWith('-dirty') ? '-dirty' : '';
  return commit.replace(/-dirty$/, '').slice(0, 12) + dirty;
}
