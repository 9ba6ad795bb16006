"""Running a simulated charge point in the foreground: its arguments and its two views."""

from __future__ import annotations

import asyncio
import errno
import io
import socket
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest
from rich.console import Console
from tests.cli.conftest import Voltyard

from voltyard.chargepoint import SqliteStore
from voltyard.chargepoint.simulator import SimulatedStation, Simulation
from voltyard.cli.simulating import print_milestones, show_live, tell_failure
from voltyard.transport import HandshakeRefused, Link, Receiver, TransportError

URL = "ws://127.0.0.1:9/ocpp"
View = Callable[[SimulatedStation, Console], Coroutine[None, None, None]]


async def never_connected(_connected: Callable[[Link], Receiver]) -> None:
    await asyncio.Event().wait()


def watch(view: View, console: Console) -> None:
    """Look at a charge point that has just come up."""

    async def look() -> None:
        station = SimulatedStation(Simulation(identity="CP-1", has_drivers=False), never_connected)
        running = asyncio.create_task(station.run())
        while station.snapshot() is None:
            await asyncio.sleep(0)
        watching = asyncio.create_task(view(station, console))
        await asyncio.sleep(0)
        watching.cancel()
        running.cancel()
        await asyncio.wait([watching, running])

    asyncio.run(look())


def test_without_a_terminal_there_are_lines(capsys: pytest.CaptureFixture[str]) -> None:
    watch(print_milestones, Console(file=io.StringIO()))

    assert capsys.readouterr().out == "CP-1 offline | 1 Available | 2 Available\n"


def test_a_terminal_shows_a_table() -> None:
    screen = io.StringIO()

    watch(show_live, Console(file=screen, force_terminal=True, width=120))

    assert "charge point" in screen.getvalue()
    assert "offline" in screen.getvalue()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--url", "http://127.0.0.1"], "--url: expected ws://host:port/path or wss://host:port/path, got "),
        (["--url", "ws://"], "--url: expected"),
        (["--url", "ws://a:b@host"], "--url: expected"),
        (["--url", "ws://host:x"], "--url: expected"),
        (["--url", URL, "--id", ""], "--id: expected printable characters, got ''"),
        (["--url", URL, "--set", "HeartbeatInterval"], "--set: expected KEY=VALUE, got 'HeartbeatInterval'"),
        (["--url", URL, "--set", "HeartbeatInterval=soon"], "--set: HeartbeatInterval"),
        (["--url", URL, "--set", "Nonsense=1"], "--set: Nonsense"),
        (["--url", URL, "--faults", "often"], "--faults: 'often'"),
        (["--url", URL, "--id-tag", "x" * 21], "--id-tag: 'xxx"),
    ],
)
def test_a_bad_argument_gets_one_line_and_status_2(
    voltyard: Voltyard, arguments: list[str], line: str
) -> None:
    ended = voltyard("chargepoint", "--id", "CP-1", *arguments)

    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith(f"voltyard: {line}")
    assert ended.err.count("\n") == 1


def test_a_control_port_that_is_taken_gets_one_line_and_status_4(voltyard: Voltyard) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = voltyard("chargepoint", "--url", URL, "--id", "CP-1", "--control-port", port)

    assert (ended.status, ended.out) == (4, "")
    assert ended.err == f"voltyard: cannot listen: --control-port {port}: Address already in use\n"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), "Connection refused"),
        (TimeoutError(), "TimeoutError"),
        (HandshakeRefused(401, "Unauthorized"), "the server refused the handshake: 401 Unauthorized"),
    ],
)
def test_why_it_is_not_connected_is_said_above_the_table(
    monkeypatch: pytest.MonkeyPatch, error: OSError | TransportError, reason: str
) -> None:
    # What a table on the screen puts in the place of standard error.
    redirected = io.StringIO()
    monkeypatch.setattr(sys, "stderr", redirected)

    tell_failure(error, 2.3)

    assert redirected.getvalue() == f"voltyard: not connected: {reason}; next attempt in 2 s\n"


def test_a_key_that_cannot_sign_gets_one_line_and_status_2(voltyard: Voltyard, tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("no key")
    arguments = ["chargepoint", "--id", "CP-1", "--url", URL, "--meter-key"]

    for file, reason in (("absent.pem", "No such file"), ("key.pem", "")):
        ended = voltyard(*arguments, str(tmp_path / file))

        assert (ended.status, ended.out) == (2, "")
        assert ended.err.startswith(f"voltyard: --meter-key: {tmp_path / file}: {reason}")
        assert ended.err.count("\n") == 1


def test_a_state_that_cannot_be_used_gets_one_line_and_status_3(voltyard: Voltyard, tmp_path: Path) -> None:
    used = SqliteStore(tmp_path)

    ended = voltyard("chargepoint", "--url", URL, "--id", "CP-1", "--state", str(tmp_path))
    used.close()

    assert (ended.status, ended.out) == (3, "")
    assert ended.err.startswith(f"voltyard: the state in {tmp_path}")
    assert ended.err.count("\n") == 1


def test_a_damaged_state_is_kept_aside_if_that_is_wanted(voltyard: Voltyard, tmp_path: Path) -> None:
    (tmp_path / "state.db").write_bytes(b"no database, but long enough to look like one" * 100)
    arguments = ["--url", URL, "--id", "CP-1", "--state", str(tmp_path)]

    refused = voltyard("chargepoint", *arguments)
    begun = voltyard("chargepoint", *arguments, "--fresh", "--set", "Nonsense=1")

    assert refused.status == 3
    assert refused.err.count("\n") == 1
    assert begun.status == 2
    assert (tmp_path / "state.db.damaged-1").exists()
