"""Brings the database schema up to date: `python -m points_api.migrate`."""

import hashlib
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import entrypoint_config
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from points_api.config import DatabaseConfig
from points_api.database import make_engine

DIR = Path(__file__).parent.parent / "migrations"
# An arbitrary number; no other program may use it as an advisory lock in this database.
LOCK = 5_381_146_207


class MigrationError(Exception):
    """A problem with the migrations, and its fix."""


@dataclass(frozen=True)
class Migration:
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def read_migrations(directory: Path) -> list[Migration]:
    """All migrations of a directory, in order."""
    paths = sorted(directory.glob("*.sql"))
    numbers = {path.name[:3] for path in paths if re.match(r"\d{3}_[a-z0-9_]+\.sql$", path.name)}
    if len(numbers) != len(paths):
        raise MigrationError("name each migration NNN_what.sql, with a unique number")
    return [Migration(path.name, path.read_text(encoding="utf-8")) for path in paths]


def pending(migrations: Sequence[Migration], applied: Mapping[str, str]) -> list[Migration]:
    """The migrations to apply, given the checksums of the applied ones. Forwards only."""
    for migration in migrations:
        if applied.get(migration.name, migration.checksum) != migration.checksum:
            raise MigrationError(
                f"{migration.name} was changed after it was applied\n"
                "fix: restore it, and add a new migration"
            )
    new = [migration for migration in migrations if migration.name not in applied]
    newest = max(applied, default="")
    for migration in new:
        if migration.name < newest:
            raise MigrationError(
                f"{migration.name} comes before {newest}, which is already applied\n"
                "fix: give it a higher number"
            )
    return new


def migrate(connection: Connection, migrations: Sequence[Migration]) -> list[Migration]:
    """Applies new migrations, each in one transaction with its record."""
    with connection.begin():
        # Of two concurrent runs, the second waits here and then finds nothing to do.
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": LOCK})
        connection.execute(
            text(
                "CREATE TABLE IF NOT EXISTS schema_migrations (name text PRIMARY KEY,"
                " checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
            )
        )
        rows = connection.execute(text("SELECT name, checksum FROM schema_migrations"))
        applied = {row.name: row.checksum for row in rows}
    new = pending(migrations, applied)
    for migration in new:
        with connection.begin():
            # Fails soon: other queries queue up behind a migration that waits for its table lock.
            connection.exec_driver_sql("SET LOCAL lock_timeout = '10s'")
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            connection.exec_driver_sql(migration.sql)
            connection.execute(
                text("INSERT INTO schema_migrations (name, checksum) VALUES (:name, :checksum)"),
                {"name": migration.name, "checksum": migration.checksum},
            )
        print(f"applied {migration.name}")
    return new


def main() -> None:
    try:
        migrations = read_migrations(DIR)
        # The advisory lock is released with the connection.
        config = entrypoint_config.read(DatabaseConfig, task="migrate")
        with make_engine(config).connect() as connection:
            count = len(migrate(connection, migrations))
    except (entrypoint_config.ConfigError, MigrationError) as error:
        sys.exit(f"points-api: {error}")
    except SQLAlchemyError as error:
        sys.exit(f"points-api: the migration failed: {error}")
    print(f"the schema is up to date: {count} applied, {len(migrations)} in all")


if __name__ == "__main__":
    main()
