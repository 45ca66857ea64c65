import {randomBytes} from 'node:crypto';
import {closeSync, existsSync, openSync, readSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {gitExport, gitLargeFiles, gitPlace, gitSubmodules} from '../commands/git.ts';
import {exitCode, problem} from '../errors.ts';
import {type Command, quote} from '../shell/argv.ts';
import type {Context} from '../task.ts';
import {dockerTemporaryDirectory} from './docker.ts';
import {type ImageSource, readSource} from './source.ts';
import type {Version} from './version.ts';

/** Which files a build gets. */
export interface BuildContextOptions {
  readonly version: Pick<Version, 'dirtyFiles' | 'hasRepository'> & Partial<Version>;
  /** Files and directories below the service's directory that it needs although git ignores them. Default: those of deploy.yaml. */
  readonly include?: readonly string[] | undefined;
  /** Default: what the image of the service is built from. */
  readonly source?: ImageSource | undefined;
}

/** What the body of {@link withBuildContext} gets besides the directory. */
export interface BuildContext {
  /** A hash of the files, if some differ from the commit; empty otherwise, and in a dry run. */
  readonly contentHash: string;
}

interface Place {
  /** Absolute. */
  readonly root: string;
  /** The context's directory in the repository, with its `/`; empty for the root. */
  readonly prefix: string;
  readonly objects: string;
}

/** The directory of a workspace's manifests in the context, and the file in it that says that they are all there, and where to install. */
const [manifestsDirectory, complete] = ['.entrypoint/manifests', '.entrypoint-manifests'] as const;

/**
 * Runs `body` with the directory that a build gets, and removes it afterwards. It holds what git knows: the files of the
 * commit with its modes and line ends or, if files differ from it, those that git tracks or does not ignore. So an image
 * that is labelled with a commit contains that commit, and neither a laptop's `.env` nor its `node_modules`. Of a
 * workspace, it holds what the service needs. In an image, it is the service's directory.
 * @throws Problem `submodule_differs` or `large_file_missing` (exit code 65)
 * @example
 * await withBuildContext(context, {version: await readVersion(context), include: []}, (directory) =>
 *   context.run(dockerBuild({context: directory, tags: ['shop:dev']}, client)));
 */
export async function withBuildContext<T>(
  context: Pick<Context, 'run' | 'cwd' | 'env'>,
  {version, include, source: given}: BuildContextOptions,
  body: (directory: string, context: BuildContext) => Promise<T>,
): Promise<T> {
  const {run, cwd, env} = context;
  const source = given ?? (await readSource(cwd));
  const {root, files: pathspecs, manifests} = source;
  if (!version.hasRepository && version.from !== 'content') return body(root === cwd ? '.' : root, {contentHash: ''});
  const {place, large, submodules} = version.hasRepository ? await readRepository(context, source) : noRepository(root);
  const directory = join(dockerTemporaryDirectory(env), `entrypoint-build-${randomBytes(6).toString('hex')}`);
  return run.scope(async (scope) => {
    scope.always({words: ['rm', '-rf', directory], title: 'remove the copied files'});
    const files = join(directory, 'files');
    const built = join(files, place.prefix);
    const changed = version.dirtyFiles > 0 || !version.hasRepository;
    const title = version.hasRepository ? 'copy the files of the commit' : 'copy the files';
    const stdout = await run.step(title, async (inner) => {
      // Not for other users of the machine: the repository can be private.
      await inner(['mkdir', '-m', '700', directory], {capture: true});
      const exported = await inner(
        gitExport(root, {
          files,
          scratch: join(directory, 'git'),
          pathspecs,
          hashed: source.versioned,
          changed,
          include: include ?? source.include,
          objects: version.hasRepository ? place.objects : undefined,
          ...(manifests.length === 0
            ? {}
            : {second: {pathspecs: manifests.map((path) => `:(literal)${path}`), files: join(directory, 'manifests')}}),
        }),
        {capture: true, purpose: 'cannot copy the files of the commit', fix: 'see the message of git above'},
      );
      if (manifests.length > 0) {
        const to = join(built, manifestsDirectory);
        await inner(['mkdir', dirname(to)], {capture: true});
        await inner(['mv', join(directory, 'manifests', place.prefix), to], {capture: true});
        const marker = join(to, complete);
        await inner(source.installed === '' ? ['touch', marker] : writing(marker, source.installed), {capture: true});
      }
      for (const [index, path] of submodules.entries()) {
        const from = join(place.root, path);
        const {objects} = await readPlace(run, from);
        await inner(
          gitExport(from, {
            files: join(files, path),
            scratch: join(directory, `git-${index}`),
            changed,
            include: [],
            objects,
          }),
          {
            capture: true,
            purpose: `cannot copy the files of the submodule ${path}`,
            fix: 'see the message of git above',
          },
        );
      }
      if (source.ignore !== undefined)
        await inner(writing(join(built, `${source.dockerfile}.dockerignore`), source.ignore), {capture: true});
      return exported.stdout;
    });
    requireLargeFiles(files, large);
    return body(built, {contentHash: version.dirtyFiles > 0 ? stdout.trim() : ''});
  });
}

const writing = (file: string, text: string): Command => ({words: ['sh', '-c', `cat >${quote(file)}`], stdin: text});

interface Repository {
  readonly place: Place;
  /** The files of Git LFS, those of submodules included, by their paths in the repository. */
  readonly large: readonly string[];
  /** The paths of submodules in the context. */
  readonly submodules: readonly string[];
}

async function readRepository({run}: Pick<Context, 'run'>, {root, files}: ImageSource): Promise<Repository> {
  const largeIn = async (directory: string): Promise<readonly string[]> =>
    (await run.read(gitLargeFiles(directory))).stdout.split('\0').filter(Boolean);
  const [place, own] = await Promise.all([readPlace(run, root), largeIn(root)]);
  const submodules = existsSync(join(place.root, '.gitmodules')) ? await readSubmodules({run}, place, files) : [];
  // Git does not enter them by itself.
  const theirs = await Promise.all(
    submodules.map(async (path) => (await largeIn(join(place.root, path))).map((file) => join(path, file))),
  );
  return {place, large: [...own.map((file) => join(place.prefix, file)), ...theirs.flat()], submodules};
}

const noRepository = (root: string): Repository => ({
  place: {root, prefix: '', objects: ''},
  large: [],
  submodules: [],
});

async function readPlace(run: Context['run'], directory: string): Promise<Place> {
  const {stdout} = await run.read(gitPlace(directory));
  const [root = '', prefix = '', objects = ''] = stdout.split('\n');
  return {root, prefix, objects};
}

/** The paths of the submodules among the context's files. */
async function readSubmodules(
  {run}: Pick<Context, 'run'>,
  {root, prefix}: Place,
  pathspecs: readonly string[],
): Promise<readonly string[]> {
  const directories = pathspecs
    .filter((one) => !one.startsWith(':(glob)'))
    .map((one) => one.replace(/^:\(literal\)/, ''))
    .map((one) => (one === '.' ? prefix : `${prefix}${one}/`));
  const {stdout} = await run.read(gitSubmodules(root));
  const all = stdout
    .split('\n')
    .flatMap((line) => {
      const [, state = '', path = ''] = /^([ +U-])[0-9a-f]+ (.+?)(?: \(.*\))?$/.exec(line) ?? [];
      return path === '' ? [] : [{state, path}];
    })
    .filter(({path}) => directories.some((directory) => `${path}/`.startsWith(directory)));
  const wrong = all.filter(({state}) => state !== ' ');
  if (wrong.length > 0)
    throw problem({
      code: 'submodule_differs',
      what: 'a submodule does not match the commit',
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
