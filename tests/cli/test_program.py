"""The program as a whole: its commands, their help, its version, and what it does not load."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version

import click
import pytest
from tests.cli.conftest import Voltyard

from voltyard.cli.program import program


def commands(
    command: click.Command, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, each in command.commands.items():
            yield from commands(each, (*path, name))


ALL = dict(commands(program))


def test_there_are_the_commands_that_other_programs_rely_on() -> None:
    assert {" ".join(path) for path in ALL} == {
        "",
        "serve",
        "demo",
        "chargepoint",
        "fleet",
        "scenario",
        "scenario list",
        "scenario run",
        "scenario show",
        "user",
        "user create",
        "user list",
        "user password",
        "user delete",
        "key",
        "key create",
        "key list",
        "key revoke",
        "db",
        "db check",
        "db upgrade",
    }


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_command_and_every_option_says_what_it_is_for(
    voltyard: Voltyard, path: tuple[str, ...]
) -> None:
    ended = voltyard(*path, "--help")

    assert ended.status == 0
    assert ALL[path].help
    for parameter in ALL[path].params:
        if isinstance(parameter, click.Option):
            assert parameter.help
            assert parameter.opts[0] in ended.out


@pytest.mark.parametrize(
    ("path", "options"),
    [
        (
            ("serve",),
            "--config --data-dir --database --ocpp-host --ocpp-port --api-host --api-port",
        ),
        (("key", "create"), "--role --name --config --data-dir --database"),
        (("chargepoint",), "--url --id --password --connectors --state --speed --set"),
        (("scenario", "run"), "--url --id --password --api-url --api-key --speed --json"),
        (
            ("fleet",),
            "--url --count --prefix --password --connectors --speed --seed --faults --set --state --duration",
        ),
        (("demo",), "--data-dir --ocpp-port --api-port --charge-points --speed"),
    ],
)
def test_the_options_that_other_programs_rely_on_exist(path: tuple[str, ...], options: str) -> None:
    there = {option for parameter in ALL[path].params for option in parameter.opts}

    assert set(options.split()) <= there


def test_the_version_is_that_of_the_package(voltyard: Voltyard) -> None:
    assert voltyard("--version") == (0, f"voltyard {version('voltyard')}\n", "")


@pytest.mark.parametrize("arguments", [["nonsense"], ["serve", "--nonsense"], ["key", "revoke", "x"], []])
def test_what_it_does_not_understand_ends_with_status_2(voltyard: Voltyard, arguments: list[str]) -> None:
    assert voltyard(*arguments).status == 2


def test_an_unexpected_error_is_not_hidden(voltyard: Voltyard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voltyard.central.storage.database.check_database", lambda _url: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        voltyard("db", "check")


def test_help_loads_nothing_heavy() -> None:
    script = "import sys, voltyard.cli; print(*sys.modules)"

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    heavy = {
        "asyncio",
        "msgspec",
        "sqlalchemy",
        "litestar",
        "uvicorn",
        "websockets",
        "structlog",
        "uvloop",
        "argon2",
    }
    assert heavy & set(done.stdout.split()) == set()
