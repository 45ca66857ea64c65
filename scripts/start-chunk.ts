import {globSync, readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import type {Plugin} from 'esbuild';

const laterImport = /\bimport\('(\.[^']+)'\)/g;

/**
 * Keeps what every start loads in one file. esbuild puts modules that the same parts of the bundle use into one chunk, so
 * those of the start would be spread over forty, by which of the later parts use them, too. Here each later part
 * imports the whole start: it is loaded by then.
 * @param start the module that imports what every start loads
 */
export function startChunk(root: string, start: string, parts: readonly string[]): Plugin {
  const later = new Set([...parts.map((part) => join(root, part)), ...importedLater(root)]);
  later.delete(join(root, start));
  return {
    name: 'start-chunk',
    setup(build) {
      build.onLoad({filter: /\.ts$/}, ({path}) =>
        later.has(path)
          ? {contents: `${readFileSync(path, 'utf8')}\nimport ${JSON.stringify(join(root, start))};\n`, loader: 'ts'}
          : undefined,
      );
    },
  };
}

/** The files that others import with `import()`. */
function importedLater(root: string): readonly string[] {
  return globSync('src/**/*.ts', {cwd: root}).flatMap((file) =>
    [...readFileSync(join(root, file), 'utf8').matchAll(laterImport)].map(([, path = '']) =>
      join(root, dirname(file), path),
    ),
  );
}
