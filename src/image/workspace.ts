import {existsSync, globSync} from 'node:fs';
import {dirname, join, relative, resolve, sep} from 'node:path';
import {exitCode, problem} from '../errors.ts';
import {runtimes, type WorkspacePackage} from '../runtimes/index.ts';

/** Where a service is in its repository, and what it needs of the packages around it. */
export interface Workspace {
  /** Absolute: the service's directory, or that of its workspace. */
  readonly root: string;
  /** The service's directory in it, with `/`; empty for the root. */
  readonly directory: string;
  /** Whether the root's workspace lists the service, so that the root's lock file is for it. */
  readonly isMember: boolean;
  /** The service and the packages that it depends on, relative to the root. */
  readonly needed: readonly string[];
  /** All packages of the workspace, relative to the root. */
  readonly members: readonly string[];
  /** What the install reads besides the packages' manifests, relative to the root. */
  readonly inputs: readonly string[];
}

/**
 * The workspace that lists a service as a member (of npm, yarn, pnpm, bun or uv), up to the root of the repository. Without
 * one, the directory that contains the service and the packages that it names by their paths: as a rule, the service's.
 * @throws Problem `bad_package_file` (exit code 65) when a manifest cannot be read
 * @example
 * const {root, directory} = await workspaceOf('/repository/services/shop'); // /repository, services/shop
 */
export async function workspaceOf(service: string): Promise<Workspace> {
  const packagesIn = packageReader();
  const found = await findRoot(service, packagesIn);
  const members = found === undefined ? [] : expand(found.root, found.globs);
  const names = new Map<string, string>();
  for (const member of members)
    for (const {name} of await packagesIn(member)) if (name !== undefined) names.set(name, member);
  const needed = await closure(service, names, packagesIn);
  const root = [...needed].reduce(common, found?.root ?? service);
  const inRoot = (directory: string): string => relative(root, directory).split(sep).join('/');
  // A service can be the root of a workspace itself.
  const below = (await packagesIn(service)).flatMap(({members: globs}) => expand(service, globs ?? []));
  const all = new Set([root, ...members, ...needed, ...below]);
  const inputs = await Promise.all(
    [...all].map(async (directory) =>
      (await packagesIn(directory)).flatMap((one) =>
        (one.inputs ?? []).map((path) => inRoot(resolve(directory, path))),
      ),
    ),
  );
  return {
    root,
    directory: inRoot(service),
    isMember: found !== undefined,
    needed: [...needed].map(inRoot).toSorted(),
    members: [...new Set([...members, ...needed, ...below])].map(inRoot).toSorted(),
    inputs: inputs.flat().toSorted(),
  };
}

type PackagesIn = (directory: string) => Promise<readonly WorkspacePackage[]>;

const readPackages: PackagesIn = async (directory) =>
  (await Promise.all(runtimes.map(({workspacePackage}) => workspacePackage(directory)))).filter(
    (one) => one !== undefined,
  );

/** Reads what manifests say, each once: the root, the members and what they need overlap. */
function packageReader(): PackagesIn {
  const known = new Map<string, ReturnType<PackagesIn>>();
  return (directory) => {
    const found = known.get(directory) ?? readPackages(directory);
    known.set(directory, found);
    return found;
  };
}

/** The nearest directory with a repository, upwards; undefined without one. */
function repositoryOf(directory: string): string | undefined {
  if (existsSync(join(directory, '.git'))) return directory;
  return dirname(directory) === directory ? undefined : repositoryOf(dirname(directory));
}

/** The nearest directory above the service whose workspace has it as a member. */
async function findRoot(
  service: string,
  packagesIn: PackagesIn,
): Promise<{root: string; globs: readonly string[]} | undefined> {
  let below = service;
  // A workspace does not go beyond its repository.
  while (!existsSync(join(below, '.git')) && dirname(below) !== below) {
    const root = dirname(below);
    for (const {members: globs} of await packagesIn(root))
      if (globs !== undefined && expand(root, globs).includes(service)) return {root, globs};
    below = root;
  }
  return undefined;
}

function expand(root: string, globs: readonly string[]): readonly string[] {
  const exclude = [
    '**/node_modules',
    '**/.git',
    ...globs.flatMap((glob) => (glob.startsWith('!') ? glob.slice(1) : [])),
  ];
  const include = globs.filter((glob) => !glob.startsWith('!')).map((glob) => glob.replace(/\/+$/, ''));
  return globSync(include, {cwd: root, exclude})
    .map((path) => resolve(root, path))
    .filter((path) => path !== root && ['package.json', 'pyproject.toml'].some((name) => existsSync(join(path, name))))
    .toSorted();
}

/** The service, and everything in this repository that it depends on. */
async function closure(
  service: string,
  names: ReadonlyMap<string, string>,
  packagesIn: PackagesIn,
): Promise<ReadonlySet<string>> {
  const repository = repositoryOf(service);
  const needed = new Set([service]);
  // A set also visits what is added while it is visited.
  for (const directory of needed)
    for (const {dependencies, paths} of await packagesIn(directory)) {
      for (const name of dependencies) if (names.has(name)) needed.add(names.get(name) as string);
      for (const path of paths) {
        const target = resolve(directory, path);
        if (!existsSync(target) || isBelow(service, target)) continue;
        if (repository !== undefined && !isBelow(repository, target)) throw outside(directory, path, repository);
        needed.add(target);
      }
    }
  return needed;
}

const isBelow = (root: string, directory: string): boolean =>
  directory === root || directory.startsWith(root === '/' ? root : root + sep);

/** The nearest directory that contains both. */
const common = (root: string, directory: string): string =>
  isBelow(root, directory) ? root : common(dirname(root), directory);

const outside = (directory: string, path: string, repository: string): Error =>
  problem({
    code: 'outside_repository',
    what: `the manifest in ${directory} depends on ${path}, which is outside the repository ${repository}`,
    fix: 'move it into the repository (or a submodule), or publish it to a package registry',
    exitCode: exitCode.badData,
  });
