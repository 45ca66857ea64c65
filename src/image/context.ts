import {randomBytes} from 'node:crypto';
import {closeSync, existsSync, openSync, readSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {gitExport, gitLargeFiles, gitPlace, gitSubmodules} from '../commands/git.ts';
import {exitCode, problem} from '../errors.ts';
import type {Context} from '../task.ts';
import type {Version} from './version.ts';

/** Which files a build gets. */
export interface BuildContextOptions {
  readonly version: Pick<Version, 'dirtyFiles' | 'hasRepository'>;
  /** Files and directories below the service's directory that it needs although git ignores them. */
  readonly include: readonly string[];
}

interface Place {
  /** Absolute. */
  readonly root: string;
  /** The service's directory in the repository, with its `/`; empty for the root. */
  readonly prefix: string;
  readonly objects: string;
}

/**
 * Runs `body` with the directory that a build gets, and removes it afterwards. It holds what git knows: the files of the
 * commit with its modes and line ends or, if files differ from it, those that git tracks or does not ignore. So an image
 * that is labelled with a commit contains that commit, and neither a laptop's `.env` nor its `node_modules`. Without a
 * repository, it is the service's directory.
 * @throws Problem `submodule_differs` or `large_file_missing` (exit code 65)
 * @example
 * await withBuildContext(context, {version: await readVersion(context), include: []}, (directory) =>
 *   context.run(dockerBuild({context: directory, tags: ['shop:dev']}, client)));
 */
export async function withBuildContext<T>(
  context: Pick<Context, 'run' | 'cwd'>,
  {version, include}: BuildContextOptions,
  body: (directory: string) => Promise<T>,
): Promise<T> {
  const {run, cwd} = context;
  if (!version.hasRepository) return body('.');
  const [place, large] = await Promise.all([readPlace(context), run.read(gitLargeFiles(cwd))]);
  const submodules = existsSync(join(place.root, '.gitmodules')) ? await readSubmodules(context, place) : [];
  const directory = join(tmpdir(), `entrypoint-build-${randomBytes(6).toString('hex')}`);
  return run.scope(async (scope) => {
    scope.always(['rm', '-rf', directory]);
    const files = join(directory, 'files');
    const changed = version.dirtyFiles > 0;
    // Not for other users of the machine: the repository can be private.
    await run(['mkdir', '-m', '700', directory]);
    await run(gitExport(cwd, {files, scratch: join(directory, 'git'), changed, include, objects: place.objects}), {
      purpose: 'cannot copy the files of the commit',
      fix: 'see the message of git above',
    });
    for (const [index, path] of submodules.entries()) {
      const from = join(place.root, path);
      const {objects} = await readPlace({run, cwd: from});
      await run(
        gitExport(from, {
          files: join(files, path),
          scratch: join(directory, `git-${index}`),
          changed,
          include: [],
          objects,
        }),
        {purpose: `cannot copy the files of the submodule ${path}`, fix: 'see the message of git above'},
      );
    }
    const built = join(files, place.prefix);
    requireLargeFiles(built, large.stdout.split('\0').filter(Boolean));
    return body(built);
  });
}

async function readPlace({run, cwd}: Pick<Context, 'run' | 'cwd'>): Promise<Place> {
  const {stdout} = await run.read(gitPlace(cwd));
  const [root = '', prefix = '', objects = ''] = stdout.split('\n');
  return {root, prefix, objects};
}

/** The paths of the submodules in the service's directory. */
async function readSubmodules({run}: Pick<Context, 'run'>, {root, prefix}: Place): Promise<readonly string[]> {
  const {stdout} = await run.read(gitSubmodules(root));
  const all = stdout
    .split('\n')
    .flatMap((line) => {
      const [, state = '', path = ''] = /^([ +U-])[0-9a-f]+ (.+?)(?: \(.*\))?$/.exec(line) ?? [];
      return path === '' ? [] : [{state, path}];
    })
    .filter(({path}) => path.startsWith(prefix));
  const wrong = all.filter(({state}) => state !== ' ');
  if (wrong.length > 0)
    throw problem({
      code: 'submodule_differs',
      what: 'the files of a submodule are not those of the commit',
      details: wrong.map(
        ({state, path}) => `${path}: ${state === '-' ? 'not checked out' : 'another commit is checked out'}`,
      ),
      fix: 'git submodule update --init --recursive, or commit the new state of the submodule',
      exitCode: exitCode.badData,
    });
  return all.map(({path}) => path);
}

const pointer = Buffer.from('version https://git-lfs.github.com/spec/');

/** Without git-lfs, git writes a pointer in place of a large file. */
function requireLargeFiles(directory: string, files: readonly string[]): void {
  const missing = files.filter((file) => beginsWithPointer(join(directory, file)));
  if (missing.length === 0) return;
  throw problem({
    code: 'large_file_missing',
    what: `${missing.length} file${missing.length === 1 ? ' is a pointer' : 's are pointers'} of Git LFS instead of the content`,
    details: missing.slice(0, 5),
    fix: 'install git-lfs, then: git lfs install && git lfs pull',
    exitCode: exitCode.badData,
  });
}

function beginsWithPointer(file: string): boolean {
  // In a dry run nothing was copied.
  if (!existsSync(file)) return false;
  const descriptor = openSync(file, 'r');
  try {
    const start = Buffer.alloc(pointer.length);
    return readSync(descriptor, start) === pointer.length && start.equals(pointer);
  } finally {
    closeSync(descriptor);
  }
}
