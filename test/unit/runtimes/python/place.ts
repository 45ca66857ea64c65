import {chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {after} from 'node:test';

const root = mkdtempSync(join(tmpdir(), 'entrypoint-python-'));
after(() => rmSync(root, {recursive: true}));

/** A directory with these files; those below `bin/` are executable. Removed at the end of the test file. */
export function directoryOf(files: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(root, 'service-'));
  for (const [name, text] of Object.entries(files)) {
    const path = join(directory, name);
    mkdirSync(dirname(path), {recursive: true});
    writeFileSync(path, text);
    if (name.includes('bin/')) chmodSync(path, 0o755);
  }
  return directory;
}

/** The files of a virtual environment with these programs. */
export const venv = (...names: readonly string[]): Record<string, string> =>
  Object.fromEntries(['python', ...names].map((name) => [`.venv/bin/${name}`, '#!/bin/sh\n']));

/** An environment where PATH has no program. */
export const noPath = {PATH: join(root, 'nothing')};
