import {gitStatus} from '../commands/git.ts';
import {exitCode, problem} from '../errors.ts';
import type {Context} from '../task.ts';

/** The state of the source that an image is made of. */
export interface Version {
  /** Full commit hash, with `-dirty` when the tree differs from it. */
  readonly commit: string;
  /** The image's tag: the first 12 characters, with `-dirty`. */
  readonly tag: string;
  /** How many files differ. */
  readonly dirtyFiles: number;
}

/**
 * Asks git, or, inside an image, where there is no repository, the GIT_COMMIT_HASH that was built in.
 * @throws Problem `command_not_found` (exit code 69) without git, `no_commit` (exit code 65)
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
      ? 'the git repository has no commit yet, and the image is labelled with its commit'
      : unsafe
        ? 'git refuses the repository, since another user owns it, and the image is labelled with its commit'
        : `${cwd} is not in a git repository, and the image is labelled with its commit`,
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
