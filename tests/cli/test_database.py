"""`voltyard db` and what the other commands say of a database that cannot be used: one line, status 3."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from tests.cli.conftest import Voltyard

from voltyard.central.storage.database import open_database


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.rglob("*.db")}


def make_newer(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()


def make_corrupt(path: Path) -> None:
    path.write_bytes(b"not a database, " * 1000)


def make_foreign(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
    connection.close()


COMMANDS = [
    ["db", "check"],
    ["key", "create", "--role", "viewer"],
    ["key", "list"],
    ["key", "revoke", "1"],
    ["user", "list"],
    ["user", "delete", "ada"],
]


def test_upgrade_makes_the_database_and_says_what_it_is(voltyard: Voltyard, tmp_path: Path) -> None:
    ended = voltyard("db", "upgrade", "--data-dir", str(tmp_path / "a" / "b"))

    assert ended.status == 0
    assert ended.out.count("\n") == 1
    assert "up to date" in ended.out
    assert (tmp_path / "a" / "b" / "voltyard.db").exists()


def test_upgrading_twice_changes_nothing(voltyard: Voltyard) -> None:
    first, second = voltyard("db", "upgrade"), voltyard("db", "upgrade")

    assert first == second


def test_check_says_what_the_database_is(voltyard: Voltyard) -> None:
    upgraded = voltyard("db", "upgrade")

    assert voltyard("db", "check") == upgraded


@pytest.mark.integration
def test_a_postgresql_database_is_upgraded_and_checked(voltyard: Voltyard, postgres_url: str) -> None:
    upgraded = voltyard("db", "upgrade", "--database", postgres_url)
    key = voltyard("key", "create", "--role", "admin", "--database", postgres_url)

    assert upgraded.status == 0
    assert "up to date" in voltyard("db", "check", "--database", postgres_url).out
    assert key.out.startswith("vy_")


@pytest.mark.parametrize("command", [each for each in COMMANDS if "create" not in each])
def test_a_missing_database_is_trouble_and_is_not_made(
    voltyard: Voltyard, tmp_path: Path, command: list[str]
) -> None:
    ended = voltyard(*command)

    assert (ended.status, ended.out) == (3, "")
    assert ended.err.startswith("voltyard: ")
    assert ended.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("spoil", [make_newer, make_corrupt, make_foreign])
@pytest.mark.parametrize("command", [*COMMANDS, ["db", "upgrade"], ["serve"]])
def test_a_spoilt_database_is_trouble_and_stays_as_it_is(
    voltyard: Voltyard, tmp_path: Path, command: list[str], spoil: Callable[[Path], None]
) -> None:
    voltyard("db", "upgrade")
    spoil(tmp_path / "data" / "voltyard.db")
    before = contents(tmp_path)

    ended = voltyard(*command)

    assert (ended.status, ended.out) == (3, "")
    assert ended.err.startswith("voltyard: database ")
    assert ended.err.count("\n") == 1
    assert contents(tmp_path) == before


@pytest.mark.parametrize("command", [["db", "upgrade"], ["serve"]])
def test_a_database_of_a_running_central_system_is_locked(
    voltyard: Voltyard, tmp_path: Path, command: list[str]
) -> None:
    (tmp_path / "data").mkdir()

    with closing(open_database(f"sqlite:///{tmp_path}/data/voltyard.db", exclusive=True)):
        ended = voltyard(*command)

    assert (ended.status, ended.out) == (3, "")
    assert "in use" in ended.err
    assert ended.err.count("\n") == 1


def test_keys_are_made_beside_a_running_central_system(voltyard: Voltyard, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()

    with closing(open_database(f"sqlite:///{tmp_path}/data/voltyard.db", exclusive=True)):
        ended = voltyard("key", "create", "--role", "admin")

    assert ended.status == 0


@pytest.mark.parametrize("command", [["db", "upgrade"], ["serve"]])
def test_a_data_directory_that_cannot_be_made_is_a_bad_setting(
    voltyard: Voltyard, tmp_path: Path, command: list[str]
) -> None:
    (tmp_path / "data").write_text("a file")

    ended = voltyard(*command)

    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith("voltyard: data_dir: ")
    assert ended.err.count("\n") == 1
