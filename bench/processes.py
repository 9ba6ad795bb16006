"""What a server process costs: CPU time and memory, read from /proc, over all its threads and children."""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

LOG = "server.log"
READY_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 20.0

_PROC = Path("/proc")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_POLL_S = 0.02


class ServerError(Exception):
    """A server that is measured did not start, or did not do what it acknowledged."""


@contextmanager
def running(command: Sequence[str], directory: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server with its output in `directory`; it is told to end, then made to."""
    # Settings of whoever runs the benchmark must not reach the server.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VOLTYARD_")}
    with (directory / LOG).open("wb") as output:
        process = subprocess.Popen(
            command, cwd=directory, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_listening(process: subprocess.Popen[bytes], port: int, directory: Path) -> None:
    """Return once `port` of 127.0.0.1 accepts connections."""
    deadline = time.monotonic() + READY_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(_POLL_S)
    raise ServerError(f"the server is not listening; its last words: {last_words(directory)}")


def last_words(directory: Path) -> str:
    """Return the end of what the server that runs in `directory` printed."""
    return (directory / LOG).read_text(errors="replace")[-2000:].strip()


def free_port() -> int:
    """Return a port of 127.0.0.1 that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def allow_many_connections() -> None:
    """Raise the soft limit on open files to the hard one; child processes inherit it."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def cpu_seconds(pid: int) -> float:
    """Return user and system time of a process, its threads and its children, dead ones included."""
    return sum(_own_cpu_seconds(each) for each in _family(pid))


def resident_kib(pid: int) -> int:
    """Return the resident memory of a process and its children."""
    return sum(_own_resident_kib(each) for each in _family(pid))


def _family(pid: int) -> Iterator[int]:
    yield pid
    for children in (_PROC / str(pid) / "task").glob("*/children"):
        for child in children.read_text().split():
            yield from _family(int(child))


def _own_cpu_seconds(pid: int) -> float:
    # proc(5): after the command name in parentheses; utime, stime, cutime, cstime are fields 14 to 17.
    fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return sum(int(ticks) for ticks in fields[11:15]) / _TICKS_PER_S


def _own_resident_kib(pid: int) -> int:
    for line in (_PROC / str(pid) / "status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise ServerError(f"process {pid} has no VmRSS")
