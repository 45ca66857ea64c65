import {join} from 'node:path';
import {readText} from '../../text/file.ts';

/** The file that can hold a service's declaration. */
export interface DeclarationFile {
  /** Relative to the service's directory. */
  readonly file: string;
  readonly kind: 'module' | 'toml';
  /** `entrypoint.config` in package.json names it. */
  readonly named: boolean;
}

const usual = [
  'src/config.ts',
  'config.ts',
  'src/config.mts',
  'src/config.js',
  'config.js',
  'src/config.mjs',
  'config.mjs',
];

/**
 * Finds the file of a service's declaration. Reads few small files and loads nothing: every deploy and every start of a
 * Python service asks.
 */
export function declarationFile(directory: string): DeclarationFile | undefined {
  const named = namedFile(readText(join(directory, 'package.json')));
  if (named !== undefined) return {file: named, kind: 'module', named: true};
  const file = usual.find((name) => readText(join(directory, name))?.includes('entrypoint/config') === true);
  if (file !== undefined) return {file, kind: 'module', named: false};
  const hasTable = /^\s*\[\s*tool\.entrypoint\.config[\s.\]]/m.test(readText(join(directory, 'pyproject.toml')) ?? '');
  return hasTable ? {file: 'pyproject.toml', kind: 'toml', named: false} : undefined;
}

function namedFile(text: string | undefined): string | undefined {
  if (text === undefined || !text.includes('"entrypoint"')) return undefined;
  try {
    const {entrypoint} = JSON.parse(text) as {readonly entrypoint?: {readonly config?: unknown}};
    return typeof entrypoint?.config === 'string' ? entrypoint.config : undefined;
  } catch {
    return undefined;
  }
}
