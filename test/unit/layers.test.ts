import assert from 'node:assert/strict';
import {globSync, readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {test} from 'node:test';
import {circles, grouped, readImports, roomOf} from '../../scripts/imports.ts';
import {arrows} from './arrows.ts';

const src = join(import.meta.dirname, '../../src');
const imports = readImports(src);

// docs/architecture.md: each layer imports only those below it. The files at the top are layers of their own.
const layers = [
  'cli',
  'index.ts',
  'tasks',
  'deploy',
  'contract',
  'log',
  'config',
  'init',
  'stack',
  'image',
  'registry',
  'service',
  'runtimes',
  'commands',
  'server',
  'task.ts',
  'option.ts',
  'shell',
  'errors.ts',
  'text',
];

const layerOf = (file: string): string => file.split('/')[0] ?? '';

test('no layer imports one above it', () => {
  const graph = grouped(imports, layerOf);
  assert.deepEqual([...graph.keys()].toSorted(), layers.toSorted());
  for (const [layer, to] of graph) {
    for (const other of to) assert.ok(layers.indexOf(layer) < layers.indexOf(other), `${layer} imports ${other}`);
  }
});

test('no files and no directories import each other in a circle', () => {
  assert.deepEqual(circles(imports), []);
  assert.deepEqual(circles(grouped(imports, roomOf)), []);
});

test('a directory has at most 14 files', () => {
  const wide = [...Map.groupBy(imports.keys(), dirname)].filter(([, files]) => files.length > 14);
  assert.deepEqual(wide, []);
});

test('each directory imports exactly those that are written down: npm run house -- --arrows', () => {
  const found = [...grouped(imports, roomOf)].map(([room, to]) => [room, [...to].toSorted()] as const);
  assert.deepEqual(Object.fromEntries(found.toSorted()), arrows);
});

// text/source-place.ts asks Node itself, in a child process, where a module that does not load is wrong. What is in
// contract/in-container runs in containers under check, not in this process.
test('nothing but the runner and the search for a syntax error spawns processes', () => {
  const spawning = [...imports.keys()].filter(
    (file) =>
      !file.startsWith('contract/in-container/') && readFileSync(join(src, file), 'utf8').includes('child_process'),
  );
  assert.deepEqual(spawning.toSorted(), ['shell/spawn.ts', 'text/source-place.ts']);
});

test('command builders read nothing: no file, no environment, no terminal', () => {
  for (const file of globSync('commands/**/*.ts', {cwd: src})) {
    assert.doesNotMatch(readFileSync(join(src, file), 'utf8'), /node:|process\./, file);
  }
});
