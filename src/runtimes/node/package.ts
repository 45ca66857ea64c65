import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {exitCode, messageOf, problem} from '../../errors.ts';

/** The parts of package.json that tasks read. */
export interface PackageFile {
  readonly name?: string;
  readonly version?: string;
  readonly main?: string;
  readonly engines?: Readonly<Record<string, string>>;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** Whether a manifest names a package, for production or for development. */
export const dependsOn = ({dependencies = {}, devDependencies = {}}: PackageFile, name: string): boolean =>
  Object.hasOwn(dependencies, name) || Object.hasOwn(devDependencies, name);

/**
 * Reads package.json; undefined if the directory has none.
 * @throws Problem `bad_package_file` (exit code 65) when it cannot be read, or is no JSON object
 */
export function readPackage(directory: string): PackageFile | undefined {
  const file = join(directory, 'package.json');
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    // A directory that does not exist, or is a file, has no package.json either.
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw bad(`package.json cannot be read: ${messageOf(error)}`, `make it readable: ls -l ${file}`);
  }
  let value: unknown;
  try {
    // npm ignores a byte order mark as well.
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw bad(`package.json is not valid JSON: ${messageOf(error)}`, `correct ${file}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw bad('package.json is not an object', `correct ${file}`);
  return value;
}

function bad(what: string, fix: string): Error {
  return problem({code: 'bad_package_file', what, fix, exitCode: exitCode.badData});
}
