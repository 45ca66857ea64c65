import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {exitCode, messageOf, problem} from '../../errors.ts';

/** The parts of package.json that tasks read. */
export interface PackageFile {
  readonly name?: string;
  readonly main?: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/**
 * Reads package.json; undefined if the directory has none.
 * @throws Problem `bad_package_file` (exit code 65) when it is not valid JSON
 */
export function readPackage(directory: string): PackageFile | undefined {
  const file = join(directory, 'package.json');
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  try {
    return JSON.parse(text) as PackageFile;
  } catch (error) {
    throw problem({
      code: 'bad_package_file',
      what: `package.json is not valid JSON: ${messageOf(error)}`,
      fix: `correct ${file}`,
      exitCode: exitCode.badData,
    });
  }
}
