import {globSync, readFileSync, statSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {audit, type Audit} from '../../../../src/config/audit/audit.ts';
import type {KeyClass} from '../../../../src/config/audit/model/types.ts';
import type {SourceFile} from '../../../../src/config/audit/source.ts';

/** A configuration with the class of each of its keys, assigned by hand. */
export interface Corpus {
  readonly name: string;
  readonly directory: string;
  readonly files: readonly string[];
  /** Empty: it is audited without source. */
  readonly source: readonly string[];
  readonly keys: Readonly<Record<string, KeyClass>>;
}

const root = join(import.meta.dirname, '../fixtures/corpora');

/** Every corpus of test/unit/config/fixtures/corpora. */
export const corpora: readonly Corpus[] = globSync('*/key.json', {cwd: root})
  .toSorted()
  .map((file) => {
    const {files, source, keys} = JSON.parse(readFileSync(join(root, file), 'utf8')) as Corpus;
    return {name: dirname(file), directory: join(root, dirname(file)), files, source: source ?? [], keys};
  });

/** Reads a file below a directory; undefined if there is none. */
export function readerIn(directory: string): (file: string) => string | undefined {
  return (file) => {
    try {
      return readFileSync(join(directory, file), 'utf8');
    } catch {
      return undefined;
    }
  };
}

/** Audits a corpus with its source. */
export function auditCorpus({directory, files, source}: Corpus): Audit {
  const read = readerIn(directory);
  const sources = source.flatMap((path): SourceFile[] => {
    const found = statSync(join(directory, path)).isFile() ? [path] : globSync(`${path}/**/*.*`, {cwd: directory});
    return found.map((file) => ({file, text: read(file) ?? ''}));
  });
  return audit(
    files.map((file) => ({file})),
    sources.length === 0 ? undefined : sources,
    read,
  );
}
