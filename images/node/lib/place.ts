import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {type Choice, lockFiles} from './manager/locks.ts';
import {dependenciesOf, inputPaths, type Package, type Project, readManifest, readProject} from './project.ts';

// Where the service is in /content: in it, or in a directory below, if it needs packages beside its own.

/** In a directory of manifests that `entrypoint build` made, where all that an install reads is: the directory to install. */
export const complete = '.entrypoint-manifests';

/** A file that is there while the install waits for the source. */
export const postponed = '/usr/local/lib/entrypoint/install-postponed';

/** The directory that was installed before the source was copied, in a file, unless it is /content. */
export const installedIn = '/usr/local/lib/entrypoint/installed-in';

/**
 * The directory of the package.json that is installed and built: that of the build argument `service_directory`, unless
 * the workspace of `content` has it as a member.
 */
export function serviceDirectory(content: string, own: string): string {
  const directory = join(content, own);
  if (own === '' || !existsSync(join(directory, 'package.json'))) return content;
  if (!existsSync(join(content, 'package.json'))) return directory;
  const {members} = readProject(content);
  return members.some((one) => one.directory === own) ? content : directory;
}

interface Linking {
  readonly directory: string;
  readonly project: Project;
  readonly choice: Pick<Choice, 'manager'>;
}

/**
 * The packages beside the service that are linked, not copied, and those that they need: what npm calls `file:../shared` and
 * the others `link:../shared`. Each has dependencies of its own, which the service's lock file does not list.
 */
export function neighbours({directory, project: {root, members}, choice}: Linking): readonly Package[] {
  const found = new Map<string, Package>();
  const pathsOf = ({directory: at, manifest}: Package): readonly string[] => {
    const ranges = dependenciesOf(manifest).filter(
      ([, range]) => choice.manager === 'npm' || range.startsWith('link:'),
    );
    const linking = {directory: at, manifest: {dependencies: Object.fromEntries(ranges)}};
    return inputPaths({root: linking, members: [], patterns: undefined}, () => undefined);
  };
  const visit = (from: Package): void => {
    const paths = pathsOf(from);
    for (const path of paths.filter((one) => one.startsWith('..') && !found.has(one))) {
      if (!existsSync(join(directory, path, 'package.json'))) continue;
      found.set(path, {directory: path, manifest: readManifest(join(directory, path))});
      visit(found.get(path) as Package);
    }
  };
  for (const one of [root, ...members]) visit(one);
  return [...found.values()];
}

const others = /^(?:\.|node_modules$|(?:tests?|__tests__|e2e|examples?|fixtures|docs?|vendor)$)/;

/** Those of Python, which this image does not have. */
export const pythonLocks: readonly string[] = [
  'uv.lock',
  'poetry.lock',
  'pdm.lock',
  'Pipfile.lock',
  'requirements.txt',
];

/**
 * Lock files in and below the service that its install does not read: no workspace lists their packages, and no script
 * says what is done with them.
 */
export function strayLocks(
  names: readonly string[],
  {root, members}: Project,
  linked: readonly string[],
): readonly string[] {
  const scripts = Object.values(root.manifest.scripts ?? {}).join('\n');
  const known = new Set(['.', ...members.map((one) => one.directory), ...linked]);
  return names.filter((name) => {
    const parts = name.split('/');
    const [file = ''] = parts.splice(-1);
    const at = parts.join('/');
    const isOther = pythonLocks.includes(file);
    return (
      (isOther || lockFiles.includes(file)) &&
      !parts.some((part) => others.test(part)) &&
      (isOther || !known.has(at || '.')) &&
      !(at !== '' && new RegExp(`(?<![\\w-])${RegExp.escape(at)}(?![\\w-])`).test(scripts))
    );
  });
}
