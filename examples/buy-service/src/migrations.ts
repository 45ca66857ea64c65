import {createHash} from 'node:crypto';
import {readdir, readFile} from 'node:fs/promises';
import {join} from 'node:path';

export interface Migration {
  /** The file's name, such as 001_products.sql. */
  readonly name: string;
  readonly sql: string;
  /** SHA-256 of the file, in hex. */
  readonly checksum: string;
}

export interface AppliedMigration {
  readonly name: string;
  readonly checksum: string;
}

export interface MigrationPlan {
  readonly pending: readonly Migration[];
  /** Applied by a newer release; after a rollback, an older one runs with them. */
  readonly unknown: readonly string[];
}

/** All migrations of a directory, in order. Throws if a name does not begin with a unique three-digit number. */
export async function readMigrations(directory: string): Promise<readonly Migration[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.sql')).toSorted();
  const numbers = new Set(names.map((name) => /^\d{3}(?=_[a-z0-9_]+\.sql$)/.exec(name)?.[0]));
  if (numbers.has(undefined) || numbers.size !== names.length) {
    throw new Error('invalid name of a migration\nfix: name each NNN_what.sql, with a unique number');
  }
  return Promise.all(
    names.map(async (name) => {
      const sql = await readFile(join(directory, name), 'utf8');
      return {name, sql, checksum: createHash('sha256').update(sql).digest('hex')};
    }),
  );
}

/** The migrations to apply. Throws if an applied one was changed or a new one comes before an applied one. */
export function planMigrations(migrations: readonly Migration[], applied: readonly AppliedMigration[]): MigrationPlan {
  const checksums = new Map(applied.map(({name, checksum}) => [name, checksum]));
  const known = migrations.filter(({name}) => checksums.has(name));
  const pending = migrations.filter(({name}) => !checksums.has(name));
  const changed = known.find(({name, checksum}) => checksums.get(name) !== checksum);
  if (changed !== undefined) {
    throw new Error(`${changed.name} was changed after it was applied\nfix: restore it, and add a new migration`);
  }
  const newest = [...checksums.keys()].toSorted().at(-1) ?? '';
  const late = pending.find(({name}) => name < newest);
  if (late !== undefined) {
    throw new Error(`${late.name} comes before ${newest}, which is already applied\nfix: give it a higher number`);
  }
  const names = new Set(migrations.map(({name}) => name));
  return {pending, unknown: [...checksums.keys()].filter((name) => !names.has(name))};
}
