import assert from 'node:assert/strict';
import {globSync, readFileSync} from 'node:fs';
import {dirname, join, normalize} from 'node:path';
import {test} from 'node:test';

// docs/architecture.md: cli -> tasks -> engines -> commands -> argv; the server stands on the foundation alone.
// What it can be told is known to the tasks that start it.
const mayImport: Readonly<Record<string, readonly string[]>> = {
  cli: ['tasks', 'runtimes', 'shell', 'text', 'base'],
  tasks: ['deploy', 'contract', 'stack', 'image', 'registry', 'service', 'runtimes', 'server', 'commands', 'shell', 'base'],
  contract: ['commands', 'shell', 'text', 'base'],
  deploy: ['stack', 'image', 'service', 'commands', 'shell', 'base'],
  stack: ['service', 'commands', 'shell', 'base'],
  image: ['deploy', 'registry', 'service', 'commands', 'shell', 'base'],
  registry: ['shell', 'base'],
  service: ['runtimes', 'shell', 'text', 'base'],
  runtimes: ['server', 'shell', 'base'],
  server: ['shell', 'text', 'base'],
  commands: ['shell'],
  shell: ['base'],
  text: [],
  base: ['shell', 'text', 'base'],
};

const src = join(import.meta.dirname, '../../src');

function layerOf(file: string): string {
  const folder = file.split('/')[0] ?? '';
  return folder in mayImport ? folder : 'base';
}

test('no module imports from a layer above its own', () => {
  const wrong: string[] = [];
  for (const file of globSync('**/*.ts', {cwd: src}).filter((name) => name !== 'index.ts')) {
    const text = readFileSync(join(src, file), 'utf8');
    for (const [, target = ''] of text.matchAll(/(?:from|import\() ?'(\.[^']+)'/g)) {
      const imported = normalize(join(dirname(file), target));
      const [from, to] = [layerOf(file), layerOf(imported)];
      if (from !== to && !mayImport[from]?.includes(to) && !mayImport[from]?.includes(imported)) wrong.push(`${file} imports ${imported}`);
    }
  }
  assert.deepEqual(wrong, []);
});

// src/text/syntax-place.ts asks Node itself, in a child, where a module that does not load is wrong. What stands in
// src/contract/in-container runs in containers under check, not in this process.
test('nothing but the runner and the search for a syntax error spawns processes', () => {
  const spawning = globSync('**/*.ts', {cwd: src}).filter((file) => !file.startsWith('contract/in-container/') && readFileSync(join(src, file), 'utf8').includes('child_process'));
  assert.deepEqual(spawning.toSorted(), ['shell/spawn.ts', 'text/syntax-place.ts']);
});

test('command builders look at nothing: no file, no environment, no terminal', () => {
  for (const file of globSync('commands/*.ts', {cwd: src})) {
    assert.doesNotMatch(readFileSync(join(src, file), 'utf8'), /node:|process\./, file);
  }
});
