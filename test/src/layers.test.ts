import assert from 'node:assert/strict';
import {globSync, readFileSync} from 'node:fs';
import {dirname, join, normalize} from 'node:path';
import {test} from 'node:test';

// docs/architecture.md: cli -> tasks -> engines -> commands -> argv; the server stands on the foundation alone.
// What it can be told is known to the tasks that start it.
const settings = ['server/address.ts', 'server/settings.ts', 'server/settings-reader.ts', 'server/settings-text.ts', 'server/run-options.ts', 'server/said.ts'];
const mayImport: Readonly<Record<string, readonly string[]>> = {
  cli: ['tasks', 'engines', 'config', 'python', 'base'],
  tasks: ['engines', 'commands', 'config', 'registry', 'contract', 'python', ...settings, 'server/program.ts', 'base'],
  contract: ['engines', 'commands', 'config', 'base'],
  engines: ['commands', 'config', 'registry', 'base'],
  registry: ['base'],
  config: ['commands', 'python', 'base'],
  python: [...settings, 'base'],
  commands: ['base'],
  server: ['base'],
  base: ['base'],
};

const src = join(import.meta.dirname, '..', '..', 'src');

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

// src/syntax-place.ts asks Node itself, in a child, where a module that does not load is wrong. What stands in
// src/contract/inside runs in containers under check, not in this process.
test('nothing but the runner and the search for a syntax error spawns processes', () => {
  const spawning = globSync('**/*.ts', {cwd: src}).filter((file) => !file.startsWith('contract/inside/') && readFileSync(join(src, file), 'utf8').includes('child_process'));
  assert.deepEqual(spawning.toSorted(), ['run/spawn.ts', 'syntax-place.ts']);
});

test('command builders look at nothing: no file, no environment, no terminal', () => {
  for (const file of globSync('commands/*.ts', {cwd: src})) {
    assert.doesNotMatch(readFileSync(join(src, file), 'utf8'), /node:|process\./, file);
  }
});
