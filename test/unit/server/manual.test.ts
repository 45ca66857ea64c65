import assert from 'node:assert/strict';
import {globSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {serverMetrics} from '../../../src/server/arbiter/metrics.ts';
import {manualTable} from '../../../src/server/settings/text.ts';

// Compares docs/server.md with the code.
const read = (name: string): string => readFileSync(join(import.meta.dirname, '../../..', name), 'utf8');
const manual = read('docs/server.md');

test('the table of settings matches the declaration', () => {
  assert.ok(manual.includes(`\n${manualTable()}\n`), `it should be:\n${manualTable()}`);
});

test('the manual lists exactly the metrics of the server', () => {
  const text = serverMetrics().text({
    workers: [],
    wanted: 1,
    draining: false,
    arbiterMemory: 1,
    startTime: 1,
    problems: 0,
  });
  const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => `${name} ${type}`);
  const listed = [...manual.matchAll(/^\| `(entrypoint_\w+)` \| (\w+) \|/gm)].map(
    ([, name, type]) => `${name} ${type}`,
  );
  assert.deepEqual(listed, types);
});

test('the manual lists exactly the events of the server', () => {
  const [, list = ''] = /Events: ([^]*?)\.\n/.exec(manual) ?? [];
  const listed = list
    .replaceAll(/\([^)]*\)/g, '')
    .split(/,\s*/)
    .map((name) => name.trim());
  const sources = globSync('src/server/**/*.ts', {cwd: join(import.meta.dirname, '../../..')}).map(read);
  const logged = sources.flatMap((text) =>
    [...text.matchAll(/[lL]og(?:\(\))?\(\s*[^,;]*'(?:info|warning|error)',\s*'([a-z_]+)'/g)].map(
      ([, name = '']) => name,
    ),
  );
  assert.deepEqual(listed.toSorted(), [...new Set(logged)].toSorted());
});

test('every signal that the manual names is handled', () => {
  const source = read('src/server/arbiter/signals.ts');
  const [, table = ''] = /\| signal \| does \|\n([^]*?)\n\n/.exec(manual) ?? [];
  const names = [...table.matchAll(/^\| ([A-Z0-9, ]+) \|/gm)].flatMap(([, words = '']) => words.split(', '));
  assert.ok(names.length >= 8);
  for (const name of names) assert.match(source, new RegExp(`^ *SIG${name}: `, 'm'));
});
