import {join} from 'node:path';
import type {Client} from 'pg';
import {planMigrations, readMigrations, type AppliedMigration, type Migration} from '../src/migrations.ts';
import {withDatabase} from './script.ts';

// Any number that no other program locks in this database.
const lock = 7_210_265_311;

await withDatabase(async (client) => {
  // A migration that cannot get its lock fails soon: queries queue up behind it as long as it waits.
  await client.query("SET lock_timeout = '10s'");
  // Of two at once, the second one waits here and then finds nothing to do. Freed with the connection.
  await client.query('SELECT pg_advisory_lock($1)', [lock]);
  await client.query(`
    CREATE TABLE IF NOT EXISTS schema_migrations (
      name text PRIMARY KEY,
      checksum text NOT NULL,
      applied_at timestamptz NOT NULL DEFAULT now()
    )`);
  const {rows} = await client.query<AppliedMigration>('SELECT name, checksum FROM schema_migrations');
  const migrations = await readMigrations(join(import.meta.dirname, '../migrations'));
  const {pending, unknown} = planMigrations(migrations, rows);
  for (const name of unknown) say(`${name} was applied by a newer release: left as it is`);
  // In their order, one after the other.
  for (const migration of pending) await apply(client, migration);
  say(`the schema is up to date: ${pending.length} applied, ${migrations.length} in all`);
});

/** A migration and its record are one transaction: both are there, or neither. */
async function apply(client: Client, {name, sql, checksum}: Migration): Promise<void> {
  const began = performance.now();
  await client.query('BEGIN');
  try {
    await client.query(sql);
    await client.query('INSERT INTO schema_migrations (name, checksum) VALUES ($1, $2)', [name, checksum]);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw new Error(`${name} failed, nothing of it was applied: ${(error as Error).message}`, {cause: error});
  }
  say(`applied ${name} in ${Math.round(performance.now() - began)} ms`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
