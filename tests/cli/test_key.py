"""`voltyard key`: keys are made, listed and revoked; the key itself is seen once."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.conftest import Voltyard

from voltyard.central.credentials import hash_api_key


@pytest.fixture(autouse=True)
def database(voltyard: Voltyard, tmp_path: Path) -> None:
    assert voltyard("db", "upgrade", "--data-dir", str(tmp_path / "data")).status == 0


def test_create_prints_the_key_alone(voltyard: Voltyard) -> None:
    ended = voltyard("key", "create", "--role", "operator", "--name", "billing")

    assert ended.status == 0
    assert ended.out.startswith("vy_")
    assert len(ended.out.split()) == 1
    assert ended.err == ""


def test_the_first_key_makes_the_database(voltyard: Voltyard, tmp_path: Path) -> None:
    ended = voltyard("key", "create", "--role", "admin", "--data-dir", str(tmp_path / "new"))

    assert ended.status == 0
    assert len(voltyard("key", "list", "--data-dir", str(tmp_path / "new")).out.splitlines()) == 2


def test_the_list_shows_what_is_known_of_a_key_but_not_the_key(voltyard: Voltyard) -> None:
    key = voltyard("key", "create", "--role", "viewer", "--name", "screen").out.strip()

    ended = voltyard("key", "list")

    titles, line = ended.out.splitlines()
    assert titles.split() == ["id", "key", "role", "name", "created", "expires"]
    assert line.split()[:4] == ["1", f"{key[:9]}…", "viewer", "screen"]
    assert line.split()[5] == "-"
    assert key not in ended.out
    assert hash_api_key(key) not in ended.out


def test_a_revoked_key_is_gone(voltyard: Voltyard) -> None:
    voltyard("key", "create", "--role", "viewer")

    assert voltyard("key", "revoke", "1").status == 0
    assert len(voltyard("key", "list").out.splitlines()) == 1


def test_revoking_a_key_that_is_not_there_gets_one_line(voltyard: Voltyard) -> None:
    ended = voltyard("key", "revoke", "7")

    assert (ended.status, ended.out, ended.err) == (1, "", "voltyard: no API key 7\n")


@pytest.mark.parametrize("arguments", [[], ["--role", "root"], ["--role", "admin", "--name", "x" * 65]])
def test_a_key_needs_a_role_that_exists_and_a_name_that_can_be_stored(
    voltyard: Voltyard, arguments: list[str]
) -> None:
    assert voltyard("key", "create", *arguments).status == 2
    assert len(voltyard("key", "list").out.splitlines()) == 1


def test_the_database_is_found_by_file_environment_and_flag(
    voltyard: Voltyard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "voltyard.toml").write_text(f"data_dir = '{tmp_path / 'data'}'")
    monkeypatch.chdir("/")

    by_file = voltyard("key", "list", "--config", str(tmp_path / "voltyard.toml"))
    by_flag = voltyard("key", "list", "--database", f"sqlite:///{tmp_path}/data/voltyard.db")
    monkeypatch.setenv("VOLTYARD_CONFIG", str(tmp_path / "voltyard.toml"))
    by_environment = voltyard("key", "list")

    assert [by_file.status, by_flag.status, by_environment.status] == [0, 0, 0]
