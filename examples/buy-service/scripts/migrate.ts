import {join} from 'node:path';
import type {Client} from 'pg';
import {planMigrations, readMigrations, type AppliedMigration, type Migration} from '../src/migrations.ts';
import {withDatabase} from './script.ts';

// An arbitrary number; no other program may use it as an advisory lock in this database.
const lock = 7_210_265_311;

await withDatabase(async (client) => {
  // A migration that cannot get its table lock fails soon: other queries queue up behind it while it waits.
  await client.query("SET lock_timeout = '10s'");
  // Of two concurrent runs, the second waits here and then finds nothing to do. Released with the connection.
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
  for (const name of unknown) say(`${name} was applied by a newer release: kept`);
  // Sequentially: each can depend on the one before.
  for (const migration of pending) await apply(client, migration);
  say(`the schema is up to date: ${pending.length} applied, ${migrations.length} in all`);
});

/** Applies a migration and records it in one transaction. */
async function apply(client: Client, {name, sql, checksum}: Migration): Promise<void> {
  const began = performance.now();
  await client.query('BEGIN');
  try {
    await client.query(sql);
    await client.query('INSERT INTO schema_migrations (name, checksum) VALUES ($1, $2)', [name, checksum]);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw new Error(`${name} failed and was rolled back: ${(error as Error).message}`, {cause: error});
  }
  say(`applied ${name} in ${Math.round(performance.now() - began)} ms`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
