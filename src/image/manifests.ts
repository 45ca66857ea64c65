import {readdirSync} from 'node:fs';
import {join} from 'node:path';
import {isPythonManifest} from '../runtimes/index.ts';
import {compareTexts} from '../text/compare.ts';

// What the installation of a workspace's dependencies reads: a layer of its own that changes only when one of these does.

/** Names of Node's files, in any package of the workspace. */
const files = new RegExp(
  `^(?:${[
    String.raw`package\.json|package-lock\.json|npm-shrinkwrap\.json|\.npmrc`,
    String.raw`yarn\.lock|\.yarnrc|\.yarnrc\.yml|pnpm-lock\.yaml|pnpm-workspace\.yaml|\.pnpmfile\.[cm]?js`,
    String.raw`bun\.lockb?|bunfig\.toml|\.nvmrc|\.node-version`,
  ].join('|')})$`,
);
/** Names of directories, with everything in them. */
const directories = new Set(['.yarn', 'patches', 'requirements']);

/** Whether the installation of dependencies reads a file or directory of this name. */
export const isManifest = (name: string, isDirectory: boolean): boolean =>
  isDirectory ? directories.has(name) : files.test(name) || isPythonManifest(name);

/** The manifests in these directories, relative to `root`. */
export function manifestsIn(root: string, packages: readonly string[]): readonly string[] {
  return packages.flatMap((directory) =>
    entriesOf(join(root, directory))
      .filter((entry) => isManifest(entry.name, entry.isDirectory()))
      .map((entry) => join(directory, entry.name)),
  );
}

function entriesOf(directory: string) {
  try {
    return readdirSync(directory, {withFileTypes: true}).toSorted((a, b) => compareTexts(a.name, b.name));
  } catch {
    return [];
  }
}
