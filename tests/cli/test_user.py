"""`voltyard user`: accounts are made, listed, changed and deleted; passwords are never arguments."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from tests.cli.conftest import Voltyard

from voltyard.central.credentials import user_password_matches

GOOD = "a long enough one"
Typed = Callable[[str], None]


@pytest.fixture(autouse=True)
def database(voltyard: Voltyard) -> None:
    assert voltyard("db", "upgrade").status == 0


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Typed:
    return lambda text: monkeypatch.setattr("sys.stdin", io.StringIO(f"{text}\n"))


def stored_hash(tmp_path: Path) -> str:
    engine = create_engine(f"sqlite:///{tmp_path / 'data' / 'voltyard.db'}")
    with engine.connect() as connection:
        hashed = connection.execute(text("SELECT password_hash FROM users")).scalar_one()
    engine.dispose()
    assert isinstance(hashed, str)
    return hashed


def test_a_user_is_made_with_a_hash_of_the_password(voltyard: Voltyard, typed: Typed, tmp_path: Path) -> None:
    typed(GOOD)

    ended = voltyard("user", "create", "ada", "--role", "admin", "--password-stdin")

    assert (ended.status, ended.out, ended.err) == (0, "", "")
    assert user_password_matches(stored_hash(tmp_path), GOOD)
    assert voltyard("user", "list").out.splitlines()[1].split()[:2] == ["ada", "admin"]


def test_the_first_user_makes_the_database(voltyard: Voltyard, typed: Typed, tmp_path: Path) -> None:
    typed(GOOD)
    new = ("--data-dir", str(tmp_path / "new"))

    assert voltyard("user", "create", "ada", "--role", "admin", "--password-stdin", *new).status == 0
    assert len(voltyard("user", "list", *new).out.splitlines()) == 2


def test_another_password_replaces_the_old_one(voltyard: Voltyard, typed: Typed, tmp_path: Path) -> None:
    typed(GOOD)
    voltyard("user", "create", "ada", "--role", "viewer", "--password-stdin")
    typed("quite another one")

    assert voltyard("user", "password", "ada", "--password-stdin").status == 0
    assert user_password_matches(stored_hash(tmp_path), "quite another one")


def test_a_deleted_user_is_gone(voltyard: Voltyard, typed: Typed) -> None:
    typed(GOOD)
    voltyard("user", "create", "ada", "--role", "viewer", "--password-stdin")

    assert voltyard("user", "delete", "ada").status == 0
    assert len(voltyard("user", "list").out.splitlines()) == 1


def test_a_short_password_is_refused_without_repeating_it(voltyard: Voltyard, typed: Typed) -> None:
    typed("canary")

    ended = voltyard("user", "create", "ada", "--role", "viewer", "--password-stdin")

    assert (ended.status, ended.err) == (2, "voltyard: password: expected 12 to 1000 characters\n")
    assert len(voltyard("user", "list").out.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ["create", "ada", "--role", "viewer", "--password-stdin"],
            "voltyard: there is a user 'ada' already\n",
        ),
        (["password", "bob", "--password-stdin"], "voltyard: no user 'bob'\n"),
        (["delete", "bob"], "voltyard: no user 'bob'\n"),
    ],
)
def test_what_contradicts_the_users_there_are_gets_one_line(
    voltyard: Voltyard, typed: Typed, arguments: list[str], line: str
) -> None:
    typed(GOOD)
    voltyard("user", "create", "ada", "--role", "viewer", "--password-stdin")
    typed(GOOD)

    ended = voltyard("user", *arguments)

    assert (ended.status, ended.err) == (1, line)


@pytest.mark.parametrize("name", ["", "x" * 65, "a\nb", "\x1b[2J"])
def test_a_name_can_be_stored_and_printed(voltyard: Voltyard, typed: Typed, name: str) -> None:
    typed(GOOD)

    assert voltyard("user", "create", name, "--role", "viewer", "--password-stdin").status == 2
