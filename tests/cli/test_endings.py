"""Exit statuses: what each trouble ends with."""

from __future__ import annotations

import asyncio
import errno
import socket
from contextlib import closing

import pytest

from voltyard.central.credentials import PasswordRefused
from voltyard.central.services.errors import NotFound
from voltyard.central.settings_sources import SettingsError
from voltyard.central.storage.errors import (
    DatabaseCorrupt,
    DatabaseLocked,
    DatabaseMissing,
    DatabaseNewer,
    DatabaseTrouble,
)
from voltyard.cli.endings import Ending, ExitStatus, ending_of


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (SettingsError("ocpp.port: no"), 2, "ocpp.port: no"),
        (PasswordRefused("too short"), 2, "password: too short"),
        (DatabaseTrouble("x"), 3, "x"),
        (DatabaseLocked("x"), 3, "x"),
        (DatabaseMissing("x"), 3, "x"),
        (DatabaseNewer("x"), 3, "x"),
        (DatabaseCorrupt("x"), 3, "x"),
        (OSError(errno.EADDRINUSE, "address in use"), 4, "cannot listen: address in use"),
        (OSError(errno.EADDRNOTAVAIL, "not here"), 2, "cannot listen: not here"),
        (OSError(errno.EACCES, "not allowed"), 2, "cannot listen: not allowed"),
        (socket.gaierror(socket.EAI_NONAME, "unknown"), 2, "cannot listen: unknown"),
        (NotFound("no API key 7"), 1, "no API key 7"),
    ],
)
def test_each_trouble_has_its_exit_status_and_its_line(error: Exception, status: int, line: str) -> None:
    assert ending_of(error) == Ending(ExitStatus(status), line)


@pytest.mark.parametrize(
    "error",
    [ValueError("x"), OSError(errno.ENOSPC, "disk full"), PermissionError(errno.EACCES, "no", "/etc/x")],
)
def test_what_nobody_expected_is_not_hidden(error: Exception) -> None:
    assert ending_of(error) is None


def test_the_first_error_of_a_group_of_tasks_counts_if_all_were_expected() -> None:
    trouble = ExceptionGroup("tasks", [ExceptionGroup("tasks", [DatabaseTrouble("x")]), DatabaseTrouble("y")])

    assert ending_of(trouble) == Ending(ExitStatus.DATABASE_TROUBLE, "x")
    assert ending_of(ExceptionGroup("tasks", [trouble, ValueError("z")])) is None


def test_the_line_is_one_line() -> None:
    ending = ending_of(DatabaseTrouble("one\n  two"))

    assert ending is not None
    assert ending.line == "one two"


def test_a_port_that_is_taken_says_which() -> None:
    async def listen_twice() -> None:
        with closing(socket.create_server(("127.0.0.1", 0))) as taken:
            await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", taken.getsockname()[1])

    with pytest.raises(OSError, match="in use") as refused:
        asyncio.run(listen_twice())

    ending = ending_of(refused.value)
    assert ending is not None
    assert ending.status == 4
    assert "127.0.0.1" in ending.line
