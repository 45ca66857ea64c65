import {existsSync, statSync} from 'node:fs';
import {gitContentHash, gitLastCommit, gitPlace, gitStatus} from '../commands/git.ts';
import {exitCode, isProblem, problem, type ProblemOptions} from '../errors.ts';
import {type Command, quote, type Words} from '../shell/argv.ts';
import type {Context} from '../task.ts';
import {type ImageSource, readSource} from './source.ts';

/** The commit of the source an image is built from. */
export interface Version {
  /**
   * Full hash of the last commit that changed what the image contains, with `-dirty` when the working tree differs from
   * it. Without a repository, a hash of the files.
   */
  readonly commit: string;
  /** The image's tag: the first 12 characters, with `-dirty`. */
  readonly tag: string;
  /** Number of files that differ from the commit. */
  readonly dirtyFiles: number;
  /** False in an image, which has its commit in a variable, and in a directory that is in no repository. */
  readonly hasRepository: boolean;
  /** What `commit` is: of a repository, of the image that this process runs in, or of the files themselves. */
  readonly from: 'commit' | 'image' | 'content';
}

/**
 * The version of the source: from git or, in an image without a repository, from GIT_COMMIT_HASH, which its build has set,
 * or else from the content of the files. Only what the image contains counts: neither deploy.yaml nor, in a monorepo, the
 * other services. A variable of that name in another place, as CI systems set it, says nothing about the files.
 * @param source default: what the image of the service is built from
 * @throws Problem `no_commit`, `bad_commit`, or those of a wrong deploy.yaml or manifest (exit code 65)
 * @example
 * const {tag, dirtyFiles} = await readVersion(context);
 * if (dirtyFiles > 0) context.note(`${tag} contains uncommitted changes`);
 */
export const readVersion = (context: Pick<Context, 'run' | 'cwd' | 'env'>, source?: ImageSource): Promise<Version> =>
  versionIn(context, {source, isOfImage: belongsToImage(context.cwd)});

/** As {@link readVersion}; `isOfImage`: whether the directory is part of the image that this process runs in. */
export async function versionIn(
  context: Pick<Context, 'run' | 'cwd' | 'env'>,
  {source, isOfImage}: {readonly source?: ImageSource | undefined; readonly isOfImage: boolean},
): Promise<Version> {
  const {run, cwd, env} = context;
  const built = env['GIT_COMMIT_HASH'] ?? '';
  const {root, versioned, ...rest} = source ?? (await readSource(cwd));
  const [status, last] = await Promise.all([
    run.read(inEnglish(gitStatus(root, versioned)), {allow: [128]}),
    run.read(gitLastCommit(root, versioned), {allow: [128]}),
  ]).catch((error: unknown) => {
    if (isOfImage && built !== '' && isProblem(error) && error.code === 'command_not_found')
      return [undefined, undefined];
    throw error;
  });
  const isMissing = status === undefined || /not a git repository/i.test(status.stderr);
  // Git names the branch of every repository; the runner of testContext answers nothing.
  const isUnanswered = status?.exitCode === 0 && !status.stdout.startsWith('# branch.oid');
  if (((isMissing && isOfImage) || isUnanswered) && built !== '') return fromVariable(built);
  if (isMissing && status?.exitCode === 128) return ofContent(context, {...rest, root, versioned});
  const {exitCode: code, stdout, stderr} = status ?? {exitCode: 128, stdout: '', stderr: ''};
  const {oid, dirtyFiles} = parseStatus(stdout);
  if (code !== 0 || oid === undefined) throw noCommit(cwd, code, stderr);
  // No commit changed files that are all new.
  const touched = /^[0-9a-f]{40,}$/.exec(last?.stdout.trim() ?? '')?.[0] ?? oid;
  const commit = touched + (dirtyFiles > 0 ? '-dirty' : '');
  return {commit, tag: shortTag(commit), dirtyFiles, hasRepository: true, from: 'commit'};
}

/**
 * A hash of the files that an image of the working tree contains, uncommitted changes included. `build` writes it on an
 * image of a dirty tree, whose tag does not say which changes it has.
 */
export async function readContentHash(
  {run}: Pick<Context, 'run'>,
  {root, files, manifests, versioned: hashed, include}: ImageSource,
): Promise<string> {
  const pathspecs = [...files, ...manifests.map((path) => `:(literal)${path}`)];
  const {stdout} = await run.read(gitPlace(root));
  const [, , objects = ''] = stdout.split('\n');
  const hash = await run.read(gitContentHash(root, {pathspecs, hashed, changed: true, include, objects}));
  return hash.stdout.trim();
}

async function ofContent({run}: Pick<Context, 'run'>, {root, versioned, include}: ImageSource): Promise<Version> {
  const hash = gitContentHash(root, {pathspecs: versioned, changed: true, include, objects: undefined});
  const commit = (await run.read(hash)).stdout.trim();
  return {commit, tag: shortTag(commit), dirtyFiles: 0, hasRepository: false, from: 'content'};
}

/** Where every image with the command has it. */
const commandDirectory = '/usr/local/lib/entrypoint/dist';

/** Whether a directory is part of an image with the command: not a mounted one, such as a checkout in a job of CI. */
export function belongsToImage(directory: string, {command = commandDirectory, root = '/'} = {}): boolean {
  try {
    return existsSync(command) && statSync(directory).dev === statSync(root).dev;
  } catch {
    return false;
  }
}

// Messages are parsed: without it they are in the user's language.
const inEnglish = (words: Words): Command => ({words, env: {LC_ALL: 'C'}});

function fromVariable(commit: string): Version {
  // https://docs.docker.com/reference/cli/docker/image/tag/: what a tag can hold.
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/.test(commit))
    throw problem({
      code: 'bad_commit',
      what: `GIT_COMMIT_HASH is not a commit, nor a name for a tag: ${commit}`,
      fix: 'build the image with --build-arg git_commit_hash=$(git rev-parse HEAD)',
      exitCode: exitCode.badData,
    });
  return {commit, tag: shortTag(commit), dirtyFiles: 0, hasRepository: false, from: 'image'};
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
  if (code === 0)
    return noCommitProblem({
      what: `no commits in the git repository of ${cwd}`,
      fix: "git add . && git commit -m 'First version'",
    });
  if (/dubious ownership/i.test(stderr))
    return noCommitProblem({
      what: `git refuses the repository of another user: ${cwd}`,
      fix: `git config --global --add safe.directory ${quote(/safe\.directory '?([^'\n]+?)'?$/m.exec(stderr)?.[1] ?? cwd)}`,
    });
  return noCommitProblem({
    what: `git cannot read the repository of ${cwd}`,
    details: stderr.trim().split('\n').slice(-3),
    fix: `see what git says: git -C ${quote(cwd)} status`,
  });
}

const noCommitProblem = (words: Pick<ProblemOptions, 'what' | 'fix' | 'details'>): Error =>
  problem({code: 'no_commit', ...words, exitCode: exitCode.badData});

function shortTag(commit: string): string {
  const dirty = commit.endsWith('-dirty') ? '-dirty' : '';
  return commit.replace(/-dirty$/, '').slice(0, 12) + dirty;
}
