"""The revisions make exactly the tables of the schema, on both databases, all or nothing."""

from __future__ import annotations

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from voltyard.central.storage import migrations
from voltyard.central.storage.database import Database, open_database
from voltyard.central.storage.migrations import HEAD, REVISIONS, upgrade
from voltyard.central.storage.schema import metadata


def test_the_revisions_make_the_schema_and_nothing_else(database_url: str) -> None:
    database = open_database(database_url)
    try:
        with database.engine.connect() as connection:
            context = MigrationContext.configure(
                connection, opts={"compare_type": True, "compare_server_default": True}
            )
            assert compare_metadata(context, metadata) == []
    finally:
        database.close()


def test_tables_have_the_same_columns_and_indices_in_the_same_order(database: Database) -> None:
    """Records are read by position; and alembic does not compare all of it."""
    inspector = inspect(database.engine)

    for name, table in metadata.tables.items():
        assert [column["name"] for column in inspector.get_columns(name)] == [c.name for c in table.columns]
        assert inspector.get_pk_constraint(name)["constrained_columns"] == [
            column.name for column in table.primary_key.columns
        ]
        made = {
            index["name"]: (index["column_names"], bool(index["unique"]))
            for index in inspector.get_indexes(name)
            if "duplicates_constraint" not in index
        }
        assert made == {
            index.name: ([column.name for column in index.columns], bool(index.unique))
            for index in table.indexes
        }


def test_the_known_revisions_are_the_files_that_there_are() -> None:
    folder = Path(migrations.__file__).parent
    scripts = ScriptDirectory(str(folder))
    files = sorted(path.stem for path in (folder / "versions").glob("revision_*.py"))

    assert [script.revision for script in reversed(list(scripts.walk_revisions()))] == list(REVISIONS)
    assert files == [f"revision_{revision}" for revision in REVISIONS]
    assert scripts.get_current_head() == HEAD


def test_an_upgrade_of_what_is_up_to_date_changes_nothing(database: Database) -> None:
    with database.engine.connect() as connection:
        before = connection.exec_driver_sql("SELECT name, value FROM instance").all()

    upgrade(database.engine)

    with database.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT name, value FROM instance").all() == before


def test_partial_indices_stay_partial(sqlite_database: Database) -> None:
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'index'"
    with sqlite_database.engine.connect() as connection:
        made: dict[str, str] = {row.name: row.sql for row in connection.exec_driver_sql(query)}

    partial = {
        index.name: str(index.dialect_options["sqlite"]["where"])
        for table in metadata.tables.values()
        for index in table.indexes
        if index.dialect_options["sqlite"]["where"] is not None
    }
    assert partial
    for name, condition in partial.items():
        assert name is not None
        assert made[name].endswith(f"WHERE {condition}")
