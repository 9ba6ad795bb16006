"""The options about settings: every command reads them the same way and refuses them with one line."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.conftest import Voltyard

from voltyard.central.settings import keys
from voltyard.cli.options import ADDRESSES, STORAGE

COMMANDS = [["serve"], ["demo"], ["db", "check"], ["db", "upgrade"], ["key", "list"], ["user", "list"]]


@pytest.mark.parametrize("command", COMMANDS)
def test_bad_settings_end_every_command_with_one_line_and_status_2(
    voltyard: Voltyard, tmp_path: Path, command: list[str]
) -> None:
    (tmp_path / "voltyard.toml").write_text('[ocpp]\nport = "x"\n')

    ended = voltyard(*command, "--config", "voltyard.toml")

    assert ended == (2, "", 'voltyard: ocpp.port: expected int in 0..65535, got "x" (in voltyard.toml)\n')
    assert [path.name for path in tmp_path.iterdir()] == ["voltyard.toml"]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--ocpp-port", "x"], 'ocpp.port: expected int in 0..65535, got "x" (--ocpp-port)'),
        (["--api-port", "70000"], 'api.port: expected int in 0..65535, got "70000" (--api-port)'),
        (["--set", "log.level=loud"], "log.level: expected one of debug, info, warning, error"),
        (["--set", "ocpp.port"], "--set: expected KEY=VALUE, got 'ocpp.port'"),
        (["--set", "oops=1"], "oops: no such setting (--set)"),
        (["--config", "none.toml"], "none.toml: No such file or directory"),
    ],
)
def test_a_bad_option_is_named(voltyard: Voltyard, arguments: list[str], line: str) -> None:
    ended = voltyard("serve", *arguments)

    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith(f"voltyard: {line}")
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize("option", ["--speed", "--max-current", "--grid-current"])
@pytest.mark.parametrize("number", ["nan", "-inf", "inf", "x"])
def test_a_number_has_to_be_one_to_reckon_with(voltyard: Voltyard, option: str, number: str) -> None:
    ended = voltyard("chargepoint", "--url", "ws://127.0.0.1:9/ocpp", "--id", "CP-1", f"{option}={number}")

    assert ended.status == 2
    assert f"Invalid value for '{option}'" in ended.err


def test_a_bad_variable_is_named(voltyard: Voltyard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOLTYARD_LOG__FORMAT", "xml")

    ended = voltyard("db", "check")

    assert ended.err == (
        'voltyard: log.format: expected one of auto, console, json, got "xml" (VOLTYARD_LOG__FORMAT)\n'
    )


def test_a_flag_wins_over_the_environment(
    voltyard: Voltyard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOLTYARD_DATA_DIR", str(tmp_path / "environment"))
    monkeypatch.setenv("VOLTYARD_CHARGEPOINT_PASSWORD", "of another command")
    monkeypatch.setenv("VOLTYARD_API_KEY", "of another command")

    voltyard("db", "upgrade", "--data-dir", str(tmp_path / "flag"))
    voltyard("db", "upgrade")

    assert (tmp_path / "flag" / "voltyard.db").exists()
    assert (tmp_path / "environment" / "voltyard.db").exists()


def test_every_option_stands_for_a_setting() -> None:
    assert {flag.setting for flag in (*STORAGE, *ADDRESSES)} <= set(keys())
