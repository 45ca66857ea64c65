import {existsSync, readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {quote} from '../../shell/argv.ts';

/** A package manager of Node services. */
export type PackageManager = 'npm' | 'pnpm' | 'yarn' | 'bun';

const lockFiles: Readonly<Record<string, PackageManager>> = {
  'pnpm-lock.yaml': 'pnpm',
  'pnpm-workspace.yaml': 'pnpm',
  'yarn.lock': 'yarn',
  'bun.lock': 'bun',
  'bun.lockb': 'bun',
  'package-lock.json': 'npm',
  'npm-shrinkwrap.json': 'npm',
};

/** A directory and those above it, up to the root of its repository. */
export function upwards(directory: string): string[] {
  const parent = dirname(directory);
  return existsSync(join(directory, '.git')) || parent === directory
    ? [directory]
    : [directory].concat(upwards(parent));
}

type Manifest = Readonly<Record<string, unknown>>;

function readManifest(directory: string): Manifest | undefined {
  try {
    return JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8').replace(/^\uFEFF/, '')) as Manifest;
  } catch {
    return undefined;
  }
}

/**
 * The package manager of a service, for advice: that of `packageManager` in package.json, else of the lock file, both in
 * its directory or, as in a monorepo, above it. Default: npm.
 */
export function packageManagerOf(directory: string): PackageManager {
  for (const one of upwards(directory)) {
    const declared = /^(npm|pnpm|yarn|bun)@/.exec(String(readManifest(one)?.['packageManager'] ?? ''))?.[1];
    if (declared !== undefined) return declared as PackageManager;
    const lock = Object.keys(lockFiles).find((name) => existsSync(join(one, name)));
    if (lock !== undefined) return lockFiles[lock] ?? 'npm';
  }
  return 'npm';
}

/** The lock file of a package manager, in the directory of a service or above it. */
export function lockFileOf(directory: string, manager: PackageManager): string | undefined {
  const names = Object.keys(lockFiles).filter((name) => lockFiles[name] === manager && name !== 'pnpm-workspace.yaml');
  return upwards(directory)
    .flatMap((one) => names.map((name) => join(one, name)))
    .find((file) => existsSync(file));
}

/** The command that adds packages to a service, in its own tool. */
export function addPackages(directory: string, packages: readonly string[], {dev}: {readonly dev: boolean}): string {
  const names = packages.map(quote).join(' ');
  switch (packageManagerOf(directory)) {
    case 'npm':
      return `npm install${dev ? ' --save-dev' : ''} ${names}`;
    case 'pnpm':
      // It refuses to add to the root of a workspace by mistake.
      return `pnpm add${existsSync(join(directory, 'pnpm-workspace.yaml')) ? ' --workspace-root' : ''}${dev ? ' --save-dev' : ''} ${names}`;
    case 'yarn':
      return `yarn add${dev ? ' --dev' : ''} ${names}`;
    case 'bun':
      return `bun add${dev ? ' --dev' : ''} ${names}`;
  }
}

/** How to install what the manifest and its lock file name, in the service's own tool. */
export function installCommand(directory: string): string {
  const manager = packageManagerOf(directory);
  return manager === 'npm' && lockFileOf(directory, 'npm') !== undefined ? 'npm ci' : `${manager} install`;
}

/** Whether the dependencies of a service were installed, whichever they are. */
export function isInstalled(directory: string): boolean {
  return upwards(directory).some((one) => existsSync(join(one, 'node_modules')) || existsSync(join(one, '.pnp.cjs')));
}

/** Why programs of the dependencies are not there: nothing is installed, or they are not among them. */
export function notInstalledText(directory: string, programs: readonly string[]): string {
  const text = `${programs.join(' and ')} ${programs.length === 1 ? 'is' : 'are'} not installed`;
  return isInstalled(directory) ? text : `${text}: node_modules is missing`;
}

/** How a script of package.json is run. */
export const scriptCommand = (directory: string, name: string): string => `${packageManagerOf(directory)} run ${name}`;

/** What to do about an import of a package that is not installed. */
export function missingPackageFix(directory: string, name: string): string {
  const manifests = upwards(directory)
    .map(readManifest)
    .filter((one) => one !== undefined);
  if (manifests.length === 0)
    return 'remove the import: a service without package.json has the modules of Node and `entrypoint` only';
  const isListed = manifests.some((manifest) =>
    ['dependencies', 'devDependencies', 'optionalDependencies'].some((kind) =>
      Object.hasOwn((manifest[kind] as object | undefined) ?? {}, name),
    ),
  );
  const manager = packageManagerOf(directory);
  return isListed ? `${manager} install` : addPackages(directory, [name], {dev: false});
}
