import assert from 'node:assert/strict';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {test} from 'node:test';
import {planMigrations, readMigrations} from '../../src/migrations.ts';

const migration = (name: string) => ({name, sql: 'SELECT 1', checksum: `sum of ${name}`});
const [one, two, three] = [migration('001_a.sql'), migration('002_b.sql'), migration('003_c.sql')];

test('migrations that are not applied are pending, in order', () => {
  assert.deepEqual(planMigrations([one, two, three], [one]), {pending: [two, three], unknown: []});
  assert.deepEqual(planMigrations([one, two], [two, one]), {pending: [], unknown: []});
});

test('an older release keeps the migrations of a newer one', () => {
  assert.deepEqual(planMigrations([one], [one, two]), {pending: [], unknown: ['002_b.sql']});
});

test('rejects a migration that was changed after it was applied', () => {
  assert.throws(() => planMigrations([one], [{...one, checksum: 'other'}]), /001_a\.sql was changed/);
});

test('rejects a migration that comes before an applied one', () => {
  assert.throws(() => planMigrations([one, two, three], [one, three]), /002_b\.sql comes before 003_c\.sql/);
});

test('rejects duplicate numbers and names without a number', async (t) => {
  for (const names of [['001_a.sql', '001_b.sql'], ['a.sql'], ['001_a.sql', '1_b.sql']]) {
    const directory = mkdtempSync(join(tmpdir(), 'buy-migrations-'));
    t.after(() => rmSync(directory, {recursive: true}));
    for (const name of names) writeFileSync(join(directory, name), 'SELECT 1');
    await assert.rejects(readMigrations(directory), /invalid name of a migration/);
  }
});

test('the migrations of the service are numbered without a gap', async () => {
  const migrations = await readMigrations(join(import.meta.dirname, '../../migrations'));
  const numbers = migrations.map(({name}) => Number(name.slice(0, 3)));
  assert.deepEqual(
    numbers,
    numbers.map((_, index) => index + 1),
  );
});
