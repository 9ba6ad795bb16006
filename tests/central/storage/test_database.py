"""Opening a database: fresh, known, or one clear line about what is wrong and nothing touched."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import func, select
from tests.central.building import Desk, charge_point, rows
from tests.postgres import PostgresServer

from voltyard.central.storage import database as database_module
from voltyard.central.storage.database import Database, check_database, open_database, parse_url
from voltyard.central.storage.errors import (
    DatabaseCorrupt,
    DatabaseLocked,
    DatabaseMissing,
    DatabaseNewer,
    DatabaseTrouble,
)
from voltyard.central.storage.migrations import HEAD
from voltyard.central.storage.schema import charge_points, instance, metadata


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Locks are waited for in vain a little shorter."""
    monkeypatch.setattr(database_module, "_BUSY_TIMEOUT_S", 0.01)


@pytest.fixture
def path(sqlite_url: str) -> Path:
    return Path(sqlite_url.removeprefix("sqlite:///"))


def count_tables(database: Database) -> int:
    with database.engine.connect() as connection:
        return sum(
            connection.execute(select(func.count()).select_from(table)).scalar_one() >= 0
            for table in metadata.tables.values()
        )


# Both databases.


def test_a_fresh_database_gets_all_tables(database_url: str) -> None:
    with closing(open_database(database_url)) as database:
        assert count_tables(database) == len(metadata.tables)

    assert check_database(database_url).endswith(f"revision {HEAD}, up to date")


def test_an_open_database_keeps_what_is_in_it_when_it_is_opened_again(database_url: str) -> None:
    with closing(open_database(database_url)) as database, Desk(database) as desk:
        desk.add(charge_point("CP1"))
        [key] = [row.value for row in rows(database, instance)]

    with closing(open_database(database_url)) as database:
        assert [row.identity for row in rows(database, charge_points)] == ["CP1"]
        assert [row.value for row in rows(database, instance)] == [key]


def test_each_database_has_its_own_key_for_transaction_ids(tmp_path: Path) -> None:
    keys = set()
    for name in ("a.db", "b.db"):
        with closing(open_database(f"sqlite:///{tmp_path / name}")) as database:
            keys |= {row.value for row in rows(database, instance)}

    assert len(keys) == 2
    assert all(re.fullmatch("[0-9a-f]{32,}", key) for key in keys)


def test_an_empty_database_is_one_that_needs_an_upgrade(database_url: str, tmp_path: Path) -> None:
    if database_url.startswith("sqlite"):
        Path(database_url.removeprefix("sqlite:///")).touch()

    assert check_database(database_url).endswith(f"revision none, needs an upgrade to {HEAD}")

    open_database(database_url).close()
    assert check_database(database_url).endswith("up to date")


def test_connections_of_the_driver_commit_only_what_is_begun(database: Database) -> None:
    connection = database.driver_connection()
    with closing(connection.cursor()) as cursor:
        cursor.execute("UPDATE counters SET value = 7")
        seen = rows(database, metadata.tables["counters"])
    connection.close()

    assert [row.value for row in seen] == [7]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "voltyard.db",
        "mysql://root@localhost/voltyard",
        "oracle://x",
        "nonsense://x",
        "sqlite://",
        "sqlite:///:memory:",
        "postgresql://localhost:port/voltyard",
    ],
)
def test_a_url_that_cannot_be_used_is_told_in_one_line(url: str) -> None:
    with pytest.raises(DatabaseTrouble) as caught:
        open_database(url)

    assert str(caught.value).count("\n") == 0


def test_the_driver_is_ours_to_choose() -> None:
    names = [
        parse_url(url).drivername for url in ("postgresql+psycopg2://h/d", "postgres://h/d", "sqlite:///a")
    ]

    assert names == ["postgresql+psycopg", "postgresql+psycopg", "sqlite+pysqlite"]


# SQLite.


def test_a_file_is_made_unless_that_is_not_wanted(path: Path, sqlite_url: str) -> None:
    with pytest.raises(DatabaseMissing, match=f"database {path} does not exist"):
        open_database(sqlite_url, create=False)
    with pytest.raises(DatabaseMissing, match=f"database {path} does not exist"):
        check_database(sqlite_url)
    assert not path.exists()

    open_database(sqlite_url).close()
    open_database(sqlite_url, create=False).close()
    assert path.exists()


def test_a_directory_that_is_missing_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(DatabaseMissing, match=f"directory {tmp_path}/nowhere of the database does not exist"):
        open_database(f"sqlite:///{tmp_path}/nowhere/voltyard.db")

    assert list(tmp_path.iterdir()) == []


def test_a_name_with_special_characters_is_a_name(tmp_path: Path) -> None:
    path = tmp_path / "50% volt#yard ünd.db"

    open_database(f"sqlite:///{path}").close()

    assert path.exists()
    assert "up to date" in check_database(f"sqlite:///{path}")


def newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()


def foreign(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE invoices (id INTEGER)")


def half_made(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM alembic_version")
        connection.commit()


def text_file(path: Path) -> None:
    path.write_text("these are my notes\n" * 500)


def short_text_file(path: Path) -> None:
    path.write_text("hello")


def damaged(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for start in range(4096 * 3, len(content), 4096):
        content[start : start + 200] = b"\xff" * 200
    path.write_bytes(content)


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: 4096 * 3])


def files_in(directory: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in directory.iterdir() if file.is_file()}


@pytest.mark.parametrize("act", [open_database, check_database])
@pytest.mark.parametrize(
    ("spoil", "trouble", "words"),
    [
        (
            newer,
            DatabaseNewer,
            f"made by a newer version of Voltyard: its revision is 9999, this one knows {HEAD}",
        ),
        (foreign, DatabaseCorrupt, "is not a Voltyard database"),
        (text_file, DatabaseCorrupt, "is corrupt: file is not a database"),
        (short_text_file, DatabaseCorrupt, "is corrupt: file is not a database"),
        (damaged, DatabaseCorrupt, "is corrupt: "),
        (truncated, DatabaseCorrupt, "is corrupt: "),
    ],
)
def test_trouble_is_told_in_one_line_and_nothing_is_touched(
    act: Callable[[str], object],
    spoil: Callable[[Path], None],
    trouble: type[DatabaseTrouble],
    words: str,
    path: Path,
    sqlite_url: str,
) -> None:
    open_database(sqlite_url).close()
    spoil(path)
    before = files_in(path.parent)

    with pytest.raises(trouble) as caught:
        act(sqlite_url)

    assert words in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert files_in(path.parent) == before


def test_a_database_whose_revision_is_lost_is_not_built_upon(path: Path, sqlite_url: str) -> None:
    with closing(open_database(sqlite_url)) as database, Desk(database) as desk:
        desk.add(charge_point())
    half_made(path)

    with pytest.raises(DatabaseTrouble) as caught:
        open_database(sqlite_url)

    assert "\n" not in str(caught.value)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT identity FROM charge_points").fetchall() == [("CP1",)]


def test_a_directory_in_its_place_cannot_be_opened(path: Path, sqlite_url: str) -> None:
    path.mkdir()

    with pytest.raises(DatabaseMissing, match="cannot be opened: it is not a file"):
        open_database(sqlite_url)

    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("journal", ["wal", "delete"])
@pytest.mark.parametrize("is_fresh", [True, False])
def test_a_database_that_another_program_has_locked_is_left_alone(
    journal: str, is_fresh: bool, path: Path, sqlite_url: str
) -> None:
    if not is_fresh:
        open_database(sqlite_url).close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute(f"PRAGMA journal_mode={journal}")
    other.execute("PRAGMA locking_mode=EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")

    with (
        closing(other),
        pytest.raises(DatabaseLocked, match=f"^database {path} is locked by another program$"),
    ):
        open_database(sqlite_url)


def test_only_one_central_system_at_a_time_uses_a_database(path: Path, sqlite_url: str) -> None:
    with closing(open_database(sqlite_url, exclusive=True)):
        before = files_in(path.parent)
        with pytest.raises(DatabaseLocked, match=f"^database {path} is in use by another central system$"):
            open_database(sqlite_url, exclusive=True)
        assert files_in(path.parent).keys() == before.keys()
        open_database(sqlite_url).close()

    open_database(sqlite_url, exclusive=True).close()


@pytest.mark.integration
def test_the_lock_goes_with_the_program_that_holds_it(sqlite_url: str) -> None:
    program = (
        "import sys; from voltyard.central.storage.database import open_database;"
        "database = open_database(sys.argv[1], exclusive=True); print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, sqlite_url], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"open\n"
        with pytest.raises(DatabaseLocked):
            open_database(sqlite_url, exclusive=True)
        holder.kill()

    open_database(sqlite_url, exclusive=True).close()


def test_a_failed_opening_gives_up_the_lock(path: Path, sqlite_url: str) -> None:
    with closing(open_database(sqlite_url)) as database, Desk(database):
        pass
    half_made(path)
    with pytest.raises(DatabaseTrouble):
        open_database(sqlite_url, exclusive=True)

    path.unlink()
    open_database(sqlite_url, exclusive=True).close()


def test_every_connection_syncs_its_commits_and_leaves_checkpoints_to_the_ledger(
    sqlite_database: Database,
) -> None:
    with sqlite_database.engine.connect() as pooled:
        values = [
            pooled.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "wal_autocheckpoint")
        ]

    full = 2
    assert values == ["wal", full, 0]


def test_what_a_crash_left_in_the_log_is_there_after_the_next_opening(path: Path, sqlite_url: str) -> None:
    with closing(open_database(sqlite_url)) as database, Desk(database) as desk:
        desk.add(charge_point("CP1"))
        crashed = path.with_name("crashed.db")
        for suffix in ("", "-wal"):
            crashed.with_name(crashed.name + suffix).write_bytes(
                path.with_name(path.name + suffix).read_bytes()
            )

    assert "up to date" in check_database(f"sqlite:///{crashed}")
    with closing(open_database(f"sqlite:///{crashed}")) as database:
        assert [row.identity for row in rows(database, charge_points)] == ["CP1"]


# PostgreSQL.


@pytest.fixture
def admin(postgres_url: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        yield connection


@pytest.mark.integration
def test_a_postgresql_database_of_a_newer_version_is_left_alone(
    postgres_url: str, admin: psycopg.Connection[tuple[object, ...]]
) -> None:
    open_database(postgres_url).close()
    admin.execute("UPDATE alembic_version SET version_num = '9999'")

    for act in (open_database, check_database):
        with pytest.raises(DatabaseNewer, match="its revision is 9999"):
            act(postgres_url)

    assert admin.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]


@pytest.mark.integration
def test_a_postgresql_database_that_is_missing_is_not_made(postgres: PostgresServer) -> None:
    for act in (open_database, check_database):
        with pytest.raises(DatabaseMissing, match='"nowhere" does not exist') as caught:
            act(postgres.url("nowhere"))
        assert "\n" not in str(caught.value)


@pytest.mark.integration
def test_a_postgresql_server_that_does_not_answer_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DatabaseMissing) as caught:
        open_database(f"postgresql://somebody:hunter2@/voltyard?host={tmp_path}")

    assert "does not answer" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.integration
def test_a_migration_that_fails_leaves_nothing_behind(
    postgres_url: str, admin: psycopg.Connection[tuple[object, ...]]
) -> None:
    admin.execute("CREATE TABLE users (mine int)")

    with pytest.raises(DatabaseTrouble, match="already exists"):
        open_database(postgres_url)

    tables = admin.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    assert tables == [("users",)]
