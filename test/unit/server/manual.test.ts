import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {serverMetrics} from '../../../src/server/arbiter/metrics.ts';
import {manualTable} from '../../../src/server/settings/text.ts';

// docs/server.md agrees with the code where the two can be compared.
const read = (name: string): string => readFileSync(join(import.meta.dirname, '../../..', name), 'utf8');
const manual = read('docs/server.md');

test('the table of settings is that of the declaration', () => {
  assert.ok(manual.includes(`\n${manualTable()}\n`), `it should be:\n${manualTable()}`);
});

test('the metrics are those that the server has', () => {
  const text = serverMetrics().text({workers: [], wanted: 1, draining: false, arbiterMemory: 1, startTime: 1});
  const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => `${name} ${type}`);
  const listed = [...manual.matchAll(/^\| `(entrypoint_\w+)` \| (\w+) \|/gm)].map(
    ([, name, type]) => `${name} ${type}`,
  );
  assert.deepEqual(listed, types);
});

test('every event of the log that the manual names is written somewhere', () => {
  const [, list = ''] = /Events: ([^]*?)\.\n/.exec(manual) ?? [];
  const names = list
    .replaceAll(/\([^)]*\)/g, '')
    .split(/,\s*/)
    .map((name) => name.trim());
  assert.ok(names.length > 5);
  const source = ['arbiter/arbiter', 'arbiter/rolling-restart', 'worker/worker', 'watchdog/watchdog']
    .map((name) => read(`src/server/${name}.ts`))
    .join('\n');
  for (const name of names) assert.ok(source.includes(`'${name}'`) || source.includes(`"${name}"`), name);
});

test('the server listens to every signal that the manual names', () => {
  const source = read('src/server/arbiter/signals.ts');
  const [, table = ''] = /\| signal \| does \|\n([^]*?)\n\n/.exec(manual) ?? [];
  const names = [...table.matchAll(/^\| ([A-Z0-9, ]+) \|/gm)].flatMap(([, words = '']) => words.split(', '));
  assert.ok(names.length >= 8);
  for (const name of names) assert.ok(source.includes(`'SIG${name}'`), name);
});
