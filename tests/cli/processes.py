"""The program as a process of its own, for what only a process can show: signals, streams, restarts."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class RunningProgram:
    """A started `voltyard …`; `lines` are what it has written so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []

    def read_until(self, beginning: str) -> str:
        """Return the first line from here on that begins like this."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if line.startswith(beginning):
                return self.lines[-1]
        raise AssertionError(f"ended without {beginning!r}: {self.lines} {self._errors()}")

    def end(self, number: int) -> int:
        """Send a signal and return the exit status."""
        self.process.send_signal(number)
        assert self.process.stdout is not None
        self.lines += self.process.stdout.read().splitlines()
        return self.process.wait(30)

    def _errors(self) -> str:
        assert self.process.stderr is not None
        return self.process.stderr.read()


@contextmanager
def running(directory: Path, *arguments: str) -> Iterator[RunningProgram]:
    """Run `voltyard …` in a directory, and end it at the latest afterwards."""
    command = [sys.executable, "-c", "from voltyard.cli import main; main()", *arguments]
    with subprocess.Popen(
        command, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield RunningProgram(process)
        finally:
            process.kill()


def addresses(ready: str) -> tuple[str, str]:
    """Return the OCPP and the API address of a line `ready ocpp=… api=…`."""
    ocpp, api = ready.removeprefix("ready ").split()
    return ocpp.removeprefix("ocpp="), api.removeprefix("api=")
