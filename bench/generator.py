"""The load generator as the benchmark sees it: a process that takes orders."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from bench.figures import Order, Outcome

_ROOT = Path(__file__).parent.parent
_END_TIMEOUT_S = 30.0


class GeneratorError(Exception):
    """The load generator ended, because a server did not answer as a central system must."""


class Generator:
    """Charge points that are connected and booted."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        if process.stdin is None or process.stdout is None:
            raise GeneratorError("the load generator takes its orders from a pipe and answers through one")
        self._orders = process.stdin
        self._outcomes = process.stdout
        self._process = process

    def carry_out(self, order: Order) -> Outcome:
        """Generate this load and wait for its end."""
        self._orders.write(msgspec.json.encode(order).decode() + "\n")
        self._orders.flush()
        return msgspec.json.decode(self.next_line(), type=Outcome)

    def next_line(self) -> str:
        """Return what the process prints next."""
        if line := self._outcomes.readline():
            return line
        raise GeneratorError(f"the load generator ended with status {self._process.wait()}, see above")

    def end(self) -> None:
        """Let the charge points disconnect."""
        self._orders.close()
        self._process.wait(_END_TIMEOUT_S)


@contextmanager
def connected(url: str, prefix: str, connections: int) -> Iterator[Generator]:
    """Connect so many charge points, named by `prefix` and a number, and boot them."""
    command = (sys.executable, "-m", "bench.load", url, prefix, str(connections))
    with subprocess.Popen(
        command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            generator = Generator(process)
            generator.next_line()
            yield generator
            generator.end()
        finally:
            process.kill()


def identities(prefix: str, connections: int) -> tuple[str, ...]:
    """Return the names of those charge points, which are their idTags too."""
    return tuple(f"{prefix}{index:05}" for index in range(connections))
