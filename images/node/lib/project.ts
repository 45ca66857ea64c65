import {existsSync, globSync, readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {type Refusal, refuse} from './report.ts';

/** The parts of package.json that the build reads. */
export interface Manifest {
  readonly name?: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly workspaces?: readonly string[] | {readonly packages?: readonly string[]};
  readonly packageManager?: string;
  readonly engines?: Readonly<Record<string, string>>;
  readonly devEngines?: {readonly runtime?: DevEngine; readonly packageManager?: DevEngine};
  readonly volta?: Readonly<Record<string, string>>;
  readonly resolutions?: Readonly<Record<string, string>>;
  readonly overrides?: unknown;
  readonly patchedDependencies?: Readonly<Record<string, string>>;
  readonly pnpm?: {readonly patchedDependencies?: Readonly<Record<string, string>>};
  readonly prisma?: {readonly schema?: string};
  readonly bin?: string | Readonly<Record<string, string>>;
}

type OneEngine = {readonly name?: string; readonly version?: string; readonly onFail?: string};
export type DevEngine = OneEngine | readonly OneEngine[];

/** A package of the service: the root's directory is `.`. */
export interface Package {
  readonly directory: string;
  readonly manifest: Manifest;
}

export interface Project {
  readonly root: Package;
  /** The members of the workspace whose package.json is there. */
  readonly members: readonly Package[];
  /** The patterns of the members; undefined: not a workspace. */
  readonly patterns: readonly string[] | undefined;
}

/** The text of a file; undefined if there is none. */
export function readText(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

export function readManifest(directory: string): Manifest {
  const file = join(directory, 'package.json');
  try {
    // npm ignores a byte order mark as well.
    return JSON.parse(readFileSync(file, 'utf8').replace(/^\uFEFF/, '')) as Manifest;
  } catch (error) {
    return refuse([{what: `${file} is not valid JSON: ${(error as Error).message}`, fix: `correct ${file}`}]);
  }
}

export function readProject(directory: string): Project {
  const manifest = readManifest(directory);
  const patterns = workspacePatterns(manifest, readText(join(directory, 'pnpm-workspace.yaml')));
  const members = memberDirectories(directory, patterns ?? []).map((member) => ({
    directory: member,
    manifest: readManifest(join(directory, member)),
  }));
  return {root: {directory: '.', manifest}, members: inOrder(members), patterns};
}

/** `workspaces` of package.json, else `packages` of pnpm-workspace.yaml. */
export function workspacePatterns({workspaces}: Manifest, pnpmFile: string | undefined): readonly string[] | undefined {
  const patterns = pnpmFile === undefined ? undefined : yamlList(pnpmFile, 'packages');
  // Since version 10, pnpm-workspace.yaml can hold settings only.
  if (patterns !== undefined) return patterns;
  if (workspaces === undefined) return undefined;
  return 'packages' in workspaces ? (workspaces.packages ?? []) : (workspaces as readonly string[]);
}

/** The items of a list at the top of a YAML file, in either style. */
export function yamlList(text: string, key: string): readonly string[] | undefined {
  const [, rest] =
    new RegExp(`^${key}:[ \\t]*(.*(?:\\r?\\n(?:[ \\t]*-.*|[ \\t]*#.*|[ \\t]*$))*)`, 'm').exec(text) ?? [];
  if (rest === undefined) return undefined;
  const inline = /^\[([^\]]*)\]/.exec(rest.trim());
  const items =
    inline === null
      ? [...rest.matchAll(/^[ \t]*-[ \t]+(.*)$/gm)].map(([, item = '']) => item)
      : (inline[1] ?? '').split(',');
  return items
    .map((item) =>
      item
        .replace(/\s#.*$/, '')
        .trim()
        .replace(/^(['"])(.*)\1$/, '$2'),
    )
    .filter((item) => item !== '');
}

const clean = (pattern: string): string => pattern.replace(/^\.\//, '').replace(/\/$/, '');

/** Directories with a package.json that match the patterns; one that begins with `!` excludes. */
function memberDirectories(root: string, patterns: readonly string[]): string[] {
  const excluded = patterns.filter((one) => one.startsWith('!')).map((one) => `${clean(one.slice(1))}/package.json`);
  const wanted = patterns.filter((one) => !one.startsWith('!')).map((one) => `${clean(one)}/package.json`);
  return globSync(wanted, {cwd: root, exclude: ['**/node_modules/**', ...excluded]})
    .map((file) => dirname(file))
    .filter((member) => member !== '.' && !/(^|\/)node_modules(\/|$)/.test(member))
    .toSorted();
}

/** Each member after the members that it depends on. */
function inOrder(members: readonly Package[]): readonly Package[] {
  const ordered = new Set<Package>();
  const visit = (member: Package, path: readonly Package[]): void => {
    if (ordered.has(member) || path.includes(member)) return;
    const names = new Set(dependenciesOf(member.manifest).map(([name]) => name));
    for (const other of members)
      if (other.manifest.name !== undefined && names.has(other.manifest.name)) visit(other, [...path, member]);
    ordered.add(member);
  };
  for (const member of members) visit(member, []);
  return [...ordered];
}

/** Names and ranges of all dependencies, those for development included. */
export function dependenciesOf({dependencies, devDependencies, optionalDependencies}: Manifest): [string, string][] {
  return Object.entries({...optionalDependencies, ...devDependencies, ...dependencies});
}

/** Paths in the source, relative to the root, that an install reads besides the manifests: tarballs, directories, patches. */
export function inputPaths({root, members}: Project, read: (file: string) => string | undefined): readonly string[] {
  const local = [root, ...members].flatMap(({directory, manifest}) =>
    [...dependenciesOf(manifest), ...Object.entries(manifest.resolutions ?? {})].flatMap(([, range]) => {
      // `./x.tgz` and `../x` are `file:` in short, for npm and yarn.
      const [, path] = /^(?:file:|link:|portal:)(.+)$/.exec(range) ?? /^(\.{1,2}\/.*|.*\.tgz)$/.exec(range) ?? [];
      if (path !== undefined && !/^\w+:/.test(path)) return [join(directory, path.replace(/[#:].*$/, ''))];
      // yarn: `patch:left-pad@npm%3A1.3.0#~/.yarn/patches/left-pad.patch`, where `~/` is the root.
      const [, patch] = /^patch:[^#]*#(.+)$/.exec(range) ?? [];
      return (patch ?? '')
        .split('&')
        .map((one) => one.replace(/::.*$/, '').replace(/^optional!/, ''))
        .filter((one) => one !== '' && !one.startsWith('builtin<') && !one.startsWith('~builtin<'))
        .map((one) => (one.startsWith('~/') ? one.slice(2) : join(directory, one)));
    }),
  );
  const {manifest} = root;
  const patched = Object.values({...manifest.patchedDependencies, ...manifest.pnpm?.patchedDependencies});
  const ofPnpm = [...(read('pnpm-workspace.yaml') ?? '').matchAll(/^[ \t]+\S.*:[ \t]*['"]?(\S+\.patch)['"]?[ \t]*$/gm)];
  return [...new Set([...local, ...patched, ...ofPnpm.map(([, file = '']) => file)])].map((path) => join(path));
}

/** The files of a package's programs, relative to its directory. */
export const binFiles = ({bin}: Manifest): readonly string[] =>
  bin === undefined ? [] : typeof bin === 'string' ? [bin] : Object.values(bin);

/** The member of `directory` with the members that it needs, itself last; all members if there is no such member. */
export function closureOf({members}: Project, directory: string): readonly Package[] {
  const own = members.find((one) => one.directory === directory);
  if (own === undefined) return members;
  const needed = new Set<Package>([own]);
  for (const one of needed) {
    const names = new Set(dependenciesOf(one.manifest).map(([name]) => name));
    for (const other of members)
      if (other.manifest.name !== undefined && names.has(other.manifest.name)) needed.add(other);
  }
  return members.filter((one) => needed.has(one));
}

/** A dependency in a directory that the build does not get. The service is in `place`, relative to what it gets. */
export function outsideRefusals(paths: readonly string[], place = ''): readonly Refusal[] {
  return paths
    .filter((path) => join(place, path).startsWith('..') || path.startsWith('/'))
    .map((path) => ({
      what: `package.json depends on ${path}, which is outside of the build's directory`,
      fix: `move it below the directory of package.json, or make both packages of one workspace and build from its root`,
    }));
}
