import {join} from 'node:path';
import {readText} from '../../text/file.ts';
import {sourceFiles} from '../sources.ts';

/** The text of all manifests of a service, and of its lock files the names and versions of the packages. */
export function requirementsText(directory: string): string {
  const lists = sourceFiles(
    directory,
    /^(?:[\w-]*requirements.*\.(?:txt|in)|pyproject\.toml|Pipfile|setup\.(?:py|cfg)|uv\.lock|poetry\.lock|pdm\.lock|pylock\.toml|environment\.ya?ml)$/,
    40,
  );
  const all = [...lists, ...sourceFiles(join(directory, 'requirements'), /\.(?:txt|in)$/, 20)];
  return all.map((file) => (isLock.test(file) ? packagesOf(readText(file) ?? '') : (readText(file) ?? ''))).join('\n');
}

const isLock = /\.lock$|pylock\.toml$/;

/** Without what the packages themselves name: their extras, for example. */
const packagesOf = (text: string): string => text.match(/^(?:name|version) = .*$/gm)?.join('\n') ?? '';

/** Whether a text of {@link requirementsText} names a package. */
export const requires = (text: string, name: string): boolean =>
  new RegExp(`(?:^|["'\\s])${name}(?![\\w.-]*[\\w-])`, 'im').test(text);
