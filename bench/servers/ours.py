"""Voltyard itself: `voltyard serve` on SQLite with everything on that is on by default."""

from __future__ import annotations

import http
import http.client
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Connection, Table, insert

from bench.goals import OURS
from bench.processes import READY_TIMEOUT_S, ServerError, free_port, last_words, running, wait_until_listening
from bench.servers.contestant import Server, count_by
from voltyard.central.instants import now_us
from voltyard.central.storage.database import open_database
from voltyard.central.storage.schema import charge_points, id_tags, transactions

_PROGRAM = Path(sys.executable).with_name("voltyard")
_CONFIGURATION = """\
data_dir = "{directory}/data"
database = "{database}"

[ocpp]
host = "127.0.0.1"
port = {ocpp_port}
allow_unauthenticated = true

[api]
host = "127.0.0.1"
port = {api_port}
"""
_STORED = """\
SELECT 'StartTransaction', count(*) FROM transactions
UNION ALL SELECT 'MeterValues', count(*) FROM meter_values
UNION ALL SELECT 'StopTransaction', count(stopped_at_us) FROM transactions
"""
_CHUNK = 10_000
_CHARGE_POINTS = 1_000
_POLL_S = 0.01
_MINUTE_US = 60_000_000


class Voltyard:
    """This project's central system; its charge points connect with security profile 0."""

    name = OURS

    @property
    def versions(self) -> Mapping[str, str]:
        return {OURS: version("voltyard")}

    def prepare(self) -> None:
        """Nothing: it is installed."""

    @contextmanager
    def start(self, directory: Path, identities: Sequence[str]) -> Iterator[Server]:
        """Serve charge points with these identities; each has an idTag of the same name."""
        with open_storage(directory) as connection:
            insert_all(connection, charge_points, (_charge_point(name) for name in identities))
            insert_all(connection, id_tags, (_id_tag(name) for name in identities))
        ocpp_port = free_port()
        with running(_command(directory, ocpp_port, free_port()), directory) as process:
            wait_until_listening(process, ocpp_port, directory)
            stored = partial(count_by, _database(directory), _STORED)
            yield Server(process.pid, f"ws://127.0.0.1:{ocpp_port}/ocpp/", stored)


def seconds_to_start(stored_transactions: int) -> float:
    """Return how long `voltyard serve` takes until it is ready, with so many transactions stored."""
    with TemporaryDirectory(prefix="bench-") as name:
        directory = Path(name)
        with open_storage(directory) as connection:
            identities = (f"CP{number:05}" for number in range(_CHARGE_POINTS))
            insert_all(connection, charge_points, map(_charge_point, identities))
            insert_all(connection, transactions, map(_transaction, range(stored_transactions)))
        api_port = free_port()
        began_at = time.monotonic()
        with running(_command(directory, free_port(), api_port), directory):
            _wait_until_ready(api_port, directory)
            return time.monotonic() - began_at


@contextmanager
def open_storage(directory: Path) -> Iterator[Connection]:
    """Make an empty storage and fill it before the server starts."""
    (directory / "data").mkdir()
    database = open_database(f"sqlite:///{_database(directory)}")
    try:
        with database.engine.begin() as connection:
            yield connection
    finally:
        database.close()


def insert_all(connection: Connection, table: Table, rows: Iterator[dict[str, Any]]) -> None:
    """Insert rows in chunks that fit in memory."""
    while chunk := list(islice(rows, _CHUNK)):
        connection.execute(insert(table), chunk)


def _command(directory: Path, ocpp_port: int, api_port: int) -> Sequence[str]:
    configuration = directory / "voltyard.toml"
    configuration.write_text(
        _CONFIGURATION.format(
            directory=directory,
            database=f"sqlite:///{_database(directory)}",
            ocpp_port=ocpp_port,
            api_port=api_port,
        )
    )
    return (str(_PROGRAM), "serve", "--config", str(configuration))


def _database(directory: Path) -> Path:
    return directory / "data" / "voltyard.db"


def _wait_until_ready(port: int, directory: Path) -> None:
    deadline = time.monotonic() + READY_TIMEOUT_S
    while time.monotonic() < deadline:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=READY_TIMEOUT_S)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == http.HTTPStatus.OK:
                return
        except (OSError, http.client.HTTPException):
            pass  # not listening yet
        time.sleep(_POLL_S)
    raise ServerError(f"voltyard serve does not get ready; its last words: {last_words(directory)}")


def _charge_point(identity: str) -> dict[str, Any]:
    return {
        "identity": identity,
        "security_profile": 0,
        "compliance": "tolerant",
        "registration": "Accepted",
        "created_at_us": now_us(),
    }


def _id_tag(id_tag: str) -> dict[str, Any]:
    return {
        "id_tag_key": id_tag.casefold(),
        "id_tag": id_tag,
        "status": "Accepted",
        "created_at_us": now_us(),
    }


def _transaction(number: int) -> dict[str, Any]:
    started_at_us = now_us() - number * _MINUTE_US
    return {
        "number": number + 1,
        "id": number + 1,
        "charge_point_id": number % _CHARGE_POINTS + 1,
        "connector_id": 1,
        "id_tag": f"TAG{number}",
        "id_tag_key": f"tag{number}",
        "authorization": "Accepted",
        "meter_start": number,
        "started_at_us": started_at_us,
        "start_received_at_us": started_at_us,
        "meter_stop": number + 10_000,
        "stopped_at_us": started_at_us + 30 * _MINUTE_US,
        "stop_received_at_us": started_at_us + 30 * _MINUTE_US,
        "stop_reason": "Local",
    }
