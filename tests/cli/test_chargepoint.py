"""`voltyard chargepoint` as a program of its own: it runs until it is told to end."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_success(number: signal.Signals) -> None:
    command = [sys.executable, "-c", "from voltyard.cli import main; main()", "chargepoint"]
    arguments = ["--url", "ws://127.0.0.1:9/ocpp", "--id", "CP-1", "--connectors", "1"]

    with subprocess.Popen(
        [*command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        while "offline" not in (line := program.stdout.readline()):
            assert line
        first_failure = program.stderr.readline()
        program.send_signal(number)
        rest = program.communicate()[1]

    assert program.returncode == 0
    assert first_failure.startswith("voltyard: not connected: ")
    assert "Traceback" not in rest
