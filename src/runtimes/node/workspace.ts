import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {exitCode, messageOf, problem} from '../../errors.ts';
import type {WorkspacePackage} from '../runtime.ts';
import {readPackage} from './package.ts';

interface Manifest {
  readonly workspaces?: unknown;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly patchedDependencies?: Readonly<Record<string, string>>;
  readonly pnpm?: {readonly patchedDependencies?: Readonly<Record<string, string>>};
}

// @see https://docs.npmjs.com/cli/configuring-npm/package-json#local-paths and the protocols of yarn and pnpm
const local = /^(?:(?:file|link|portal):)?(\.{1,2}\/.*)$/;

// Below the directory: `file:lib/a`, `./vendor/a.tgz`. Managers link or copy a directory.
const copied = /^(?:(?:file|link|portal):(?:\.\/)?|\.\/)((?!\.\.?\/|\/).+)$/;

/** What package.json and pnpm-workspace.yaml say about the packages around them; undefined without package.json. */
export async function nodePackage(directory: string): Promise<WorkspacePackage | undefined> {
  const manifest = readPackage(directory);
  if (manifest === undefined) return undefined;
  const {workspaces, optionalDependencies, peerDependencies, patchedDependencies, pnpm} = manifest as Manifest;
  const all = {...peerDependencies, ...optionalDependencies, ...manifest.devDependencies, ...manifest.dependencies};
  // npm links a directory; the others copy what `file:` names, so that their install needs all of it.
  const links = ['package-lock.json', 'npm-shrinkwrap.json'].some((file) => existsSync(join(directory, file)));
  return {
    name: manifest.name,
    dependencies: Object.keys(all),
    paths: Object.values(all)
      .flatMap((range) => local.exec(String(range))?.[1] ?? [])
      .filter(isDirectory),
    inputs: [
      ...Object.values(all).flatMap((range) => copied.exec(String(range))?.[1] ?? []),
      ...(links ? [] : Object.values(all).flatMap((range) => /^file:(\.\.\/.*)$/.exec(String(range))?.[1] ?? [])),
      ...Object.values({...patchedDependencies, ...pnpm?.patchedDependencies}),
    ].filter((path) => existsSync(join(directory, path))),
    members: (await pnpmMembers(directory)) ?? textsOf(workspaces),
  };
}

// An archive (`file:../x.tgz`) is a file beside the packages, and no package.
const isDirectory = (path: string): boolean => !/\.(?:tgz|tar|tar\.gz)$/.test(path);

/** `["packages/*"]`, or `{packages: [...]}` of yarn and bun. */
function textsOf(value: unknown): readonly string[] | undefined {
  const list: unknown = typeof value === 'object' && value !== null && 'packages' in value ? value.packages : value;
  return Array.isArray(list) ? list.filter((one) => typeof one === 'string') : undefined;
}

async function pnpmMembers(directory: string): Promise<readonly string[] | undefined> {
  const file = join(directory, 'pnpm-workspace.yaml');
  if (!existsSync(file)) return undefined;
  const {parse} = await import('./yaml.ts');
  try {
    return textsOf(parse(readFileSync(file, 'utf8')));
  } catch (error) {
    throw problem({
      code: 'bad_package_file',
      what: `pnpm-workspace.yaml is not valid YAML: ${messageOf(error)}`,
      fix: `correct ${file}`,
      exitCode: exitCode.badData,
    });
  }
}
