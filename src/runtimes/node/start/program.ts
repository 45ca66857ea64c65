import {existsSync, readlinkSync} from 'node:fs';
import {dirname, join, relative} from 'node:path';
import {readText} from '../../../text/file.ts';
import {servingPrograms} from './frameworks.ts';

interface Manifest {
  readonly version?: string;
  readonly bin?: string | Readonly<Record<string, string>>;
}

/** The installed package of a service, also of a workspace above it: its directory and its manifest. */
export function installedPackage(
  directory: string,
  name: string,
): {readonly directory: string; readonly manifest: Manifest} | undefined {
  for (let at = directory; ; at = dirname(at)) {
    const found = join(at, 'node_modules', name);
    const text = readText(join(found, 'package.json'));
    if (text !== undefined) return {directory: found, manifest: JSON.parse(text) as Manifest};
    if (at === dirname(at)) return undefined;
  }
}

/**
 * The file of a program that packages bring, relative to the service's directory; undefined if it is not installed.
 * `node_modules/.bin` is not enough: pnpm puts shell scripts there.
 */
export function programFile(directory: string, name: string): string | undefined {
  const known = servingPrograms[name]?.package ?? name;
  const found = installedPackage(directory, known);
  const bin = typeof found?.manifest.bin === 'string' ? found.manifest.bin : found?.manifest.bin?.[name];
  if (found !== undefined && bin !== undefined) return relative(directory, join(found.directory, bin));
  for (let at = directory; ; at = dirname(at)) {
    const link = join(at, 'node_modules/.bin', name);
    if (existsSync(link)) return linkTarget(directory, link);
    if (at === dirname(at)) return undefined;
  }
}

function linkTarget(directory: string, link: string): string | undefined {
  try {
    return relative(directory, join(dirname(link), readlinkSync(link)));
  } catch {
    return undefined;
  }
}
