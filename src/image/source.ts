import {existsSync, readFileSync} from 'node:fs';
import {join, relative, resolve, sep} from 'node:path';
import {exitCode, problem} from '../errors.ts';
import type {DeployFile} from '../service/schema/schema.ts';
import {readText} from '../text/file.ts';
import {ignoredPathspecs, ignorePatterns, ignorePatternsBelow} from './dockerignore.ts';
import {manifestsIn} from './manifests.ts';
import {workspaceOf} from './workspace.ts';

/** What an image is built from. All paths but the first are relative to the context. */
export interface ImageSource {
  /** Absolute: the directory that becomes the build's context, and /content in the image. */
  readonly root: string;
  /** The service's directory in it; empty for the context itself. */
  readonly directory: string;
  readonly dockerfile: string;
  /** The .dockerignore that a build of a workspace gets, with the service's own; undefined: docker finds the right one. */
  readonly ignore: string | undefined;
  /** Git's pathspecs of the files that the context gets. */
  readonly files: readonly string[];
  /** Manifests of all packages, for a layer of their own; empty without a workspace. */
  readonly manifests: readonly string[];
  /** The directory whose lock file the install reads, in the context: the service's, unless it is a member of a workspace. */
  readonly installed: string;
  /** Git's pathspecs of what the version depends on. */
  readonly versioned: readonly string[];
  /** Files and directories to add although git ignores them. */
  readonly include: readonly string[];
  readonly args: Readonly<Record<string, string>>;
  readonly target: string | undefined;
  /** Ssh destinations of the engines that build for a platform. */
  readonly builders: Readonly<Record<string, string>>;
}

/**
 * What the image of the service in `cwd` is built from: its own directory, or what it needs of its workspace, as `image`
 * and `build` in deploy.yaml say otherwise.
 * @throws Problem `bad_deploy_file`, `bad_package_file`, `outside_repository` or `outside_context` (exit code 65)
 * @example
 * const {root, directory} = await readSource(context.cwd); // /repository, services/shop
 */
export async function readSource(cwd: string): Promise<ImageSource> {
  const {image, build} = await readSettings(cwd);
  const found = await workspaceOf(cwd);
  const root = image?.context === undefined ? found.root : resolve(cwd, image.context);
  const inRoot = (path: string): string => pathInside(root, cwd, path);
  const directory = inRoot('.');
  const dockerfile = inRoot(image?.dockerfile ?? 'Dockerfile');
  const include = (build?.include ?? []).map(inRoot);
  const whole = image?.context !== undefined || found.directory === '';
  // A lone package has its manifests where the image's own steps find them.
  const isLone = found.members.every((member) => member === '') && found.inputs.length === 0;
  const manifests =
    image?.context !== undefined || isLone
      ? []
      : [...manifestsIn(root, [...new Set(['', ...between(directory), ...found.members])]), ...found.inputs];
  const further = (image?.paths ?? []).map(inRoot);
  const files = whole
    ? ['.']
    : [
        // The files beside the packages, such as a tsconfig.json that all of them extend, without the directories.
        ...['', ...between(directory)].map((path) => `:(glob)${path === '' ? '' : `${path}/`}*`),
        ...[...found.needed, ...further, dockerfile, ...manifests.filter((path) => !path.includes('/'))].map(
          (path) => `:(literal)${path || '.'}`,
        ),
      ];
  const {patterns, merged} = readIgnored(root, directory, dockerfile);
  // What deploys read says nothing about the image.
  const deployFiles = ['deploy.yaml', 'deploy.yml'].map((name) => `:(exclude,literal)${join(directory, name)}`);
  const ignored = ignoredPathspecs(patterns, [dockerfile, `${dockerfile}.dockerignore`, '.dockerignore']);
  return {
    root,
    directory,
    dockerfile,
    ignore: merged,
    files,
    manifests,
    installed: found.isMember ? '' : directory,
    versioned: [...files, ...manifests.map((path) => `:(literal)${path}`), ...deployFiles, ...ignored],
    include,
    args: image?.args ?? {},
    target: image?.target,
    builders: image?.builders ?? {},
  };
}

/** The sections about the image, read only if the file has one: the YAML library costs as much as git. */
async function readSettings(cwd: string): Promise<Partial<Pick<DeployFile, 'image' | 'build'>>> {
  const files = ['deploy.yaml', 'deploy.yml'].map((name) => join(cwd, name)).filter((file) => existsSync(file));
  // Also in a map in braces, and by a merge key; a byte order mark can precede the first line.
  const section = /^\uFEFF?(?:["']?(?:build|image|<<)["']?\s*:|\{)/m;
  if (!files.some((file) => section.test(readFileSync(file, 'utf8')))) return {};
  const {readDeployFile} = await import('../service/deploy-file.ts');
  return readDeployFile(cwd);
}

function pathInside(root: string, cwd: string, path: string): string {
  const inside = relative(root, resolve(cwd, path)).split(sep).join('/');
  if (inside !== '..' && !inside.startsWith('../')) return inside;
  throw problem({
    code: 'outside_context',
    what: `${path === '.' ? cwd : path} is outside the build's context, ${root}`,
    fix: 'correct `image` in deploy.yaml: `context` is the directory that contains everything',
    exitCode: exitCode.badData,
  });
}

/** The directories between the context and the service: `services` for `services/shop`. */
const between = (directory: string): readonly string[] =>
  directory
    .split('/')
    .slice(0, -1)
    .map((_, index, all) => all.slice(0, index + 1).join('/'));

/**
 * What docker ignores. It reads the file beside the Dockerfile, else the context's; the one in the directory of a service in
 * a workspace is for this service, so that its lines are added.
 */
function readIgnored(
  root: string,
  directory: string,
  dockerfile: string,
): {readonly patterns: readonly string[]; readonly merged: string | undefined} {
  const beside = readText(join(root, `${dockerfile}.dockerignore`));
  if (beside !== undefined) return {patterns: ignorePatterns(beside), merged: undefined};
  const whole = ignorePatterns(readText(join(root, '.dockerignore')) ?? '');
  const own = directory === '' ? undefined : readText(join(root, directory, '.dockerignore'));
  if (own === undefined) return {patterns: whole, merged: undefined};
  const patterns = [...whole, ...ignorePatternsBelow(directory, ignorePatterns(own))];
  return {patterns, merged: [...patterns, `${dockerfile}.dockerignore`, ''].join('\n')};
}
