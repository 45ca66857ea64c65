import {globSync, readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import type {Plugin} from 'esbuild';

const laterImport = /\bimport\('(\.[^']+)'\)/g;

/** Modules to keep in few files: those that `root` imports. */
export interface Group {
  readonly root: string;
  /** The parts of the bundle that are loaded after it, or with it. */
  readonly parts: readonly string[];
}

/**
 * Keeps modules that are loaded together in few files. esbuild puts modules into one chunk that the same parts of the
 * bundle use: those of a start would be spread over forty chunks, by which of the later parts use them, too. Here each
 * later part imports the whole group.
 */
export function chunks(directory: string, groups: readonly Group[]): Plugin {
  const added = new Map<string, string[]>();
  for (const {root, parts} of groups)
    for (const part of parts) if (part !== root) added.set(part, [...(added.get(part) ?? []), root]);
  return {
    name: 'chunks',
    setup(build) {
      build.onLoad({filter: /\.ts$/}, ({path}) => {
        const roots = added.get(path.slice(directory.length + 1));
        if (roots === undefined) return undefined;
        const lines = roots.map((root) => `import ${JSON.stringify(join(directory, root))};`);
        return {contents: [readFileSync(path, 'utf8'), ...lines, ''].join('\n'), loader: 'ts'};
      });
    },
  };
}

/** The files below `src` that others import with `import()`, from `directory`. */
export function importedLater(directory: string): readonly string[] {
  const found = globSync('src/**/*.ts', {cwd: directory}).flatMap((file) =>
    [...readFileSync(join(directory, file), 'utf8').matchAll(laterImport)].map(([, path = '']) =>
      join(dirname(file), path),
    ),
  );
  return [...new Set(found)];
}
