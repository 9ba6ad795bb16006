"""A central system on the PyPI package `ocpp`, in the style of its documentation, one insert a message."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from ocpp.routing import on
from ocpp.v16 import ChargePoint, call_result
from ocpp.v16.datatypes import IdTagInfo
from ocpp.v16.enums import Action, AuthorizationStatus, RegistrationStatus
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

Store = Callable[[str, dict[str, Any]], int]

ACCEPTED = IdTagInfo(status=AuthorizationStatus.accepted)


class StoringChargePoint(ChargePoint):  # type: ignore[misc]  # the package is not typed
    """Answers what the benchmark sends, once it is stored."""

    def __init__(self, identity: str, connection: ServerConnection, store: Store) -> None:
        super().__init__(identity, connection)
        self._store = store

    @on(Action.boot_notification)  # type: ignore[untyped-decorator]
    def on_boot_notification(self, **payload: Any) -> call_result.BootNotification:
        self._store("BootNotification", payload)
        return call_result.BootNotification(
            current_time=datetime.now(UTC).isoformat(), interval=300, status=RegistrationStatus.accepted
        )

    @on(Action.status_notification)  # type: ignore[untyped-decorator]
    def on_status_notification(self, **payload: Any) -> call_result.StatusNotification:
        self._store("StatusNotification", payload)
        return call_result.StatusNotification()

    @on(Action.start_transaction)  # type: ignore[untyped-decorator]
    def on_start_transaction(self, **payload: Any) -> call_result.StartTransaction:
        transaction_id = self._store("StartTransaction", payload)
        return call_result.StartTransaction(transaction_id=transaction_id, id_tag_info=ACCEPTED)

    @on(Action.meter_values)  # type: ignore[untyped-decorator]
    def on_meter_values(self, **payload: Any) -> call_result.MeterValues:
        self._store("MeterValues", payload)
        return call_result.MeterValues()

    @on(Action.stop_transaction)  # type: ignore[untyped-decorator]
    def on_stop_transaction(self, **payload: Any) -> call_result.StopTransaction:
        self._store("StopTransaction", payload)
        return call_result.StopTransaction(id_tag_info=ACCEPTED)


def open_database(path: str) -> sqlite3.Connection:
    """Open the database as the other contestants do: WAL, and each commit on the disk."""
    database = sqlite3.connect(path)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute(
        "CREATE TABLE IF NOT EXISTS message (id INTEGER PRIMARY KEY, charge_point TEXT NOT NULL,"
        " action TEXT NOT NULL, payload TEXT NOT NULL, received_at TEXT NOT NULL)"
    )
    return database


def insert(database: sqlite3.Connection, charge_point: str, action: str, payload: dict[str, Any]) -> int:
    """Store one message durably and return its number."""
    row = (charge_point, action, json.dumps(payload), datetime.now(UTC).isoformat())
    cursor = database.execute(
        "INSERT INTO message (charge_point, action, payload, received_at) VALUES (?, ?, ?, ?)", row
    )
    database.commit()
    return cursor.lastrowid or 0


async def main(port: int, path: str) -> None:
    """Serve on 127.0.0.1 until told to end."""
    database = open_database(path)

    async def on_connect(connection: ServerConnection) -> None:
        identity = connection.request.path.rpartition("/")[2] if connection.request else ""
        charge_point = StoringChargePoint(identity, connection, partial(insert, database, identity))
        try:
            await charge_point.start()
        except ConnectionClosed:
            return

    async with serve(on_connect, "127.0.0.1", port, subprotocols=["ocpp1.6"]) as server:  # type: ignore[list-item]
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
