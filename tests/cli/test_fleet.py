"""`voltyard fleet` as a program of its own: it ends when it is told to, and says what it came to."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from tests.cli.processes import running

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_it_tells_that_nobody_was_accepted(
    number: signal.Signals, tmp_path: Path
) -> None:
    arguments = ("--url", "ws://127.0.0.1:9/ocpp", "--count", "3")

    with running(tmp_path, "fleet", *arguments) as program:
        program.read_until("0 s: 0/3 connected")
        status = program.end(number)

    assert status == 1
    assert program.lines[1].startswith("0 of 3 charge points accepted")
