from pathlib import Path

import pytest

from points_api.migrate import DIR, Migration, MigrationError, pending, read_migrations

ONE, TWO = Migration("001_one.sql", "1"), Migration("002_two.sql", "2")


def test_migrations_that_are_not_applied_are_pending_in_order() -> None:
    assert pending([ONE, TWO], {}) == [ONE, TWO]
    assert pending([ONE, TWO], {ONE.name: ONE.checksum}) == [TWO]


def test_an_older_release_accepts_a_newer_schema() -> None:
    assert pending([ONE], {ONE.name: ONE.checksum, TWO.name: TWO.checksum}) == []


def test_an_applied_migration_cannot_change() -> None:
    with pytest.raises(MigrationError, match=r"001_one\.sql was changed"):
        pending([ONE], {ONE.name: "another"})


def test_a_migration_cannot_come_before_an_applied_one() -> None:
    with pytest.raises(MigrationError, match=r"001_one\.sql comes before 002_two\.sql"):
        pending([ONE, TWO], {TWO.name: TWO.checksum})


def test_names_have_a_unique_number(tmp_path: Path) -> None:
    assert read_migrations(DIR)
    (tmp_path / "001_a.sql").touch()
    (tmp_path / "001_b.sql").touch()
    with pytest.raises(MigrationError, match="NNN_what"):
        read_migrations(tmp_path)
