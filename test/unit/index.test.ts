import assert from 'node:assert/strict';
import {globSync, readFileSync} from 'node:fs';
import {dirname, join, normalize} from 'node:path';
import {test} from 'node:test';
import * as index from '../../src/index.ts';
import * as tasks from '../../src/tasks/index.ts';

const src = join(import.meta.dirname, '../../src');

/** A name that a standard task imports, with the file that it comes from. */
interface Imported {
  readonly task: string;
  readonly name: string;
  readonly isType: boolean;
  readonly from: string;
}

const imported: readonly Imported[] = globSync('tasks/*/*.ts', {cwd: src}).flatMap((task) =>
  [...readFileSync(join(src, task), 'utf8').matchAll(/^import (type )?\{([^}]*)\} from '(\.[^']+)';/gm)].flatMap(
    ([, typesOnly, names = '', path = '']) =>
      names
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== '')
        .map((name) => ({
          task,
          name: name.replace(/^type /, '').replace(/ as .*/, ''),
          isType: typesOnly !== undefined || name.startsWith('type '),
          from: normalize(join(dirname(task), path)),
        })),
  ),
);

test('a service can write each standard task from public functions alone', () => {
  const exported: Readonly<Record<string, unknown>> = index;
  const missing = imported.filter(({name, isType}) => !isType && !Object.hasOwn(exported, name));
  assert.ok(imported.length > 80, `${imported.length} imports found`);
  assert.deepEqual(
    missing.map(({task, name, from}) => `${task} imports ${name} of ${from}`),
    [],
  );
});

test('what the standard tasks import is the same value as the public one', async () => {
  const exported: Readonly<Record<string, unknown>> = index;
  for (const {name, isType, from} of imported) {
    if (isType) continue;
    const module = (await import(join(src, from))) as Readonly<Record<string, unknown>>;
    assert.equal(exported[name], module[name], `${name} of ${from}`);
  }
});

test('a service can name each type that a standard task names', () => {
  const source = readFileSync(join(src, 'index.ts'), 'utf8');
  const exported = new Set(
    [...source.matchAll(/^export type \{([^}]*)\}/gm)].flatMap(([, names = '']) =>
      names.split(',').map((name) => name.trim().split(' as ').at(-1) ?? ''),
    ),
  );
  const types = imported.filter(({name, isType}) => isType && !exported.has(name));
  assert.deepEqual(
    types.map(({task, name}) => `${task}: ${name}`),
    [],
  );
});

test('no function has the name of a standard task: a service can import both', () => {
  const both = Object.keys(index).filter((name) => Object.hasOwn(tasks, name));
  assert.deepEqual(both, ['option', 'task']);
});
