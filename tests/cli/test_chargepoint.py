"""`voltyard chargepoint` as a program of its own: it runs until it is told to end."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from tests.cli.processes import running

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


def test_the_control_api_is_where_it_says_and_nobody_comes_by_himself(tmp_path: Path) -> None:
    arguments = ["--url", "ws://127.0.0.1:9/ocpp", "--id", "CP-1", "--no-drivers", "--fixed-cables"]
    arguments += ["--phases", "1", "--max-current", "16", "--grid-current", "20", "--no-main-meter"]
    arguments += [
        "--signed-readings",
        "--control-port",
        "0",
        "--state",
        str(tmp_path),
        "--fresh",
        "--faults",
        "cut=1/h",
    ]

    with running(tmp_path, "chargepoint", *arguments) as program:
        url = program.read_until("control ").removeprefix("control ")
        with httpx.Client(base_url=url, trust_env=False) as client:
            before = client.get("/state").json()
            plugged = client.post("/connectors/1/plug").status_code
            program.read_until("CP-1 offline | 1 Preparing")
        status = program.end(signal.SIGTERM)

    assert status == 0
    assert plugged == 200
    assert before["identity"] == "CP-1"
    assert before["network"] == {"state": "up", "faults": "cut=1/h"}
    connector = before["hardware"]["connectors"][0]
    assert not connector["has_lock"]
    assert bytes.fromhex(connector["public_key"])
