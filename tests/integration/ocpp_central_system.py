"""A central system written with the package `ocpp`: arguments are port, identity, passwords (hexadecimal).

Lines of JSON tell it what to call (`[number, action, payload]`), and it tells by lines of JSON what it saw.
It ends when there are no more lines. The package validates whatever it sends and gets by its schemas.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import unquote

from ocpp.charge_point import camel_to_snake_case, remove_nones, snake_to_camel_case
from ocpp.exceptions import OCPPError
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call, call_result
from ocpp.v16.datatypes import IdTagInfo
from ocpp.v16.enums import Action, AuthorizationStatus, DataTransferStatus, RegistrationStatus
from websockets import ConnectionClosed
from websockets.asyncio.server import ServerConnection, basic_auth, serve
from websockets.headers import parse_authorization_basic

STRANGER = "STRANGER"
transaction_ids = count(1001)


class CentralSystem(ChargePoint):  # type: ignore[misc]  # the package has no types
    """One charge point as the central system sees it."""

    @on(Action.authorize)  # type: ignore[untyped-decorator]
    def on_authorize(self, **payload: Any) -> call_result.Authorize:
        saw(Action.authorize, payload)
        return call_result.Authorize(id_tag_info(payload["id_tag"]))

    @on(Action.boot_notification)  # type: ignore[untyped-decorator]
    def on_boot_notification(self, **payload: Any) -> call_result.BootNotification:
        saw(Action.boot_notification, payload)
        return call_result.BootNotification(now(), 300, RegistrationStatus.accepted)

    @on(Action.data_transfer)  # type: ignore[untyped-decorator]
    def on_data_transfer(self, **payload: Any) -> call_result.DataTransfer:
        saw(Action.data_transfer, payload)
        return call_result.DataTransfer(DataTransferStatus.accepted, payload.get("data"))

    @on(Action.diagnostics_status_notification)  # type: ignore[untyped-decorator]
    def on_diagnostics_status(self, **payload: Any) -> call_result.DiagnosticsStatusNotification:
        saw(Action.diagnostics_status_notification, payload)
        return call_result.DiagnosticsStatusNotification()

    @on(Action.firmware_status_notification)  # type: ignore[untyped-decorator]
    def on_firmware_status(self, **payload: Any) -> call_result.FirmwareStatusNotification:
        saw(Action.firmware_status_notification, payload)
        return call_result.FirmwareStatusNotification()

    @on(Action.heartbeat)  # type: ignore[untyped-decorator]
    def on_heartbeat(self, **payload: Any) -> call_result.Heartbeat:
        saw(Action.heartbeat, payload)
        return call_result.Heartbeat(now())

    @on(Action.log_status_notification)  # type: ignore[untyped-decorator]
    def on_log_status(self, **payload: Any) -> call_result.LogStatusNotification:
        saw(Action.log_status_notification, payload)
        return call_result.LogStatusNotification()

    @on(Action.meter_values)  # type: ignore[untyped-decorator]
    def on_meter_values(self, **payload: Any) -> call_result.MeterValues:
        saw(Action.meter_values, payload)
        return call_result.MeterValues()

    @on(Action.security_event_notification)  # type: ignore[untyped-decorator]
    def on_security_event(self, **payload: Any) -> call_result.SecurityEventNotification:
        saw(Action.security_event_notification, payload)
        return call_result.SecurityEventNotification()

    @on(Action.start_transaction)  # type: ignore[untyped-decorator]
    def on_start_transaction(self, **payload: Any) -> call_result.StartTransaction:
        saw(Action.start_transaction, payload)
        return call_result.StartTransaction(next(transaction_ids), id_tag_info(payload["id_tag"]))

    @on(Action.status_notification)  # type: ignore[untyped-decorator]
    def on_status_notification(self, **payload: Any) -> call_result.StatusNotification:
        saw(Action.status_notification, payload)
        return call_result.StatusNotification()

    @on(Action.stop_transaction)  # type: ignore[untyped-decorator]
    def on_stop_transaction(self, **payload: Any) -> call_result.StopTransaction:
        saw(Action.stop_transaction, payload)
        return call_result.StopTransaction()


def id_tag_info(id_tag: str) -> IdTagInfo:
    """Return what is known of an identifier."""
    if id_tag == STRANGER:
        return IdTagInfo(AuthorizationStatus.invalid)
    expiry = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    return IdTagInfo(AuthorizationStatus.accepted, parent_id_tag="FAMILY", expiry_date=expiry)


def hexadecimal(password: str) -> str:
    """Return the octets of a password that the server has read as text."""
    return password.encode(errors="surrogateescape").hex()


def now() -> str:
    """Return the present in the way of the package's own example."""
    return datetime.now(UTC).isoformat()


def tell(kind: str, **facts: Any) -> None:
    """Write a line; decimal numbers, which the package makes of some limits, as numbers."""
    print(json.dumps({"kind": kind, **facts}, default=float), flush=True)  # noqa: T201 - the test reads it


def saw(action: str, payload: dict[str, Any]) -> None:
    """Tell of a CALL as a handler of the package got it."""
    tell("call", action=action, payload=snake_to_camel_case(payload))


class Troubles(logging.Handler):
    """Tells what the package or the server complains about."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        tell("trouble", text=f"{record.getMessage()}: {error!r}")


async def give_command(station: CentralSystem, number: int, action: str, payload: dict[str, Any]) -> None:
    """Call the charge point, and tell what it answered."""
    request = getattr(call, action)(**camel_to_snake_case(payload))
    try:
        answer = await station.call(request, suppress=False)
    except OCPPError as error:
        tell("refusal", number=number, code=error.code, description=error.description)
    else:
        tell("answer", number=number, payload=snake_to_camel_case(remove_nones(asdict(answer))))


async def lines() -> asyncio.StreamReader:
    """Return the standard input."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    return reader


async def main(port: int, identity: str, *passwords: str) -> None:
    """Serve, and give the commands that come in."""
    stations: list[CentralSystem] = []

    def is_known(username: str, password: str) -> bool:
        # The name of a user, as the package's users do it: the identity of the charge point.
        return username == identity and hexadecimal(password) in passwords

    async def connected(connection: ServerConnection) -> None:
        assert connection.request is not None
        station = CentralSystem(unquote(connection.request.path.rpartition("/")[2]), connection)
        stations.append(station)
        password = parse_authorization_basic(connection.request.headers["Authorization"])[1]
        tell(
            "connected",
            identity=station.id,
            subprotocol=connection.subprotocol,
            password=hexadecimal(password),
        )
        try:
            await station.start()
        except ConnectionClosed:
            tell("disconnected")

    logging.getLogger().addHandler(Troubles(logging.ERROR))
    check = basic_auth(realm="OCPP", check_credentials=is_known)
    protocols: Any = ["ocpp1.6"]
    async with serve(connected, "127.0.0.1", port, subprotocols=protocols, process_request=check):
        async for line in await lines():
            await give_command(stations[-1], *json.loads(line))


asyncio.run(main(int(sys.argv[1]), *sys.argv[2:]))
