import {globSync, readFileSync} from 'node:fs';
import {dirname, join, normalize} from 'node:path';

/** The import graph: each file with the files that it imports, as paths relative to the root. */
export type Imports = ReadonlyMap<string, ReadonlySet<string>>;

// `export ... from`, `import ... from`, `import '...'` and `import('...')`. Type imports count too: a type that changes
// makes its importers change.
const specifier = /(?:^(?:import|export)\b[^'"`;]*?|\bimport\()\s*'(\.[^']+)'/gm;

/** Reads the imports of every TypeScript file below `root`. */
export function readImports(root: string): Imports {
  const files = globSync('**/*.ts', {cwd: root}).toSorted();
  return new Map(
    files.map((file) => {
      const text = readFileSync(join(root, file), 'utf8');
      const imported = [...text.matchAll(specifier)].map(([, path = '']) => normalize(join(dirname(file), path)));
      return [file, new Set(imported)];
    }),
  );
}

/** The same graph between groups of files, without imports within a group. */
export function grouped(imports: Imports, groupOf: (file: string) => string): Imports {
  const groups = new Map<string, Set<string>>();
  for (const [file, imported] of imports) {
    const from = groupOf(file);
    const to = groups.get(from) ?? new Set<string>();
    for (const path of imported) if (groupOf(path) !== from) to.add(groupOf(path));
    groups.set(from, to);
  }
  return groups;
}

/**
 * The strongly connected components of more than one node, by Tarjan's algorithm. Each contains at least one circle.
 */
export function circles(graph: Imports): readonly (readonly string[])[] {
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];
  const found: string[][] = [];
  const visit = (node: string): number => {
    const index = order.size;
    order.set(node, index);
    lowest.set(node, index);
    stack.push(node);
    for (const next of graph.get(node) ?? []) {
      const low = !order.has(next) ? visit(next) : stack.includes(next) ? (order.get(next) ?? index) : index;
      lowest.set(node, Math.min(lowest.get(node) ?? index, low));
    }
    const own = lowest.get(node) ?? index;
    if (own === index) {
      const members = stack.splice(stack.indexOf(node));
      if (members.length > 1) found.push(members.toSorted());
    }
    return own;
  };
  for (const node of graph.keys()) if (!order.has(node)) visit(node);
  return found;
}

/**
 * The room of a file: its directory. A facade (`index.ts`) and each file at the top are rooms of their own.
 */
export function roomOf(file: string): string {
  const directory = dirname(file);
  return directory === '.' || file.endsWith('/index.ts') ? file : directory;
}
