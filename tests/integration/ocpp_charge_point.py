"""A charge point written with the package `ocpp`: argument 1 is the URL. Prints what it got as JSON."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC, datetime
from typing import Any

import websockets
from ocpp.routing import after, on
from ocpp.v16 import ChargePoint, call, call_result
from ocpp.v16.enums import Action


class Station(ChargePoint):  # type: ignore[misc]  # the package has no types
    """Starts a transaction when told to, and answers GetConfiguration."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.finished = asyncio.Event()
        self.seen: dict[str, Any] = {}

    @on(Action.get_configuration)  # type: ignore[untyped-decorator]
    def on_get_configuration(self, **_: Any) -> call_result.GetConfiguration:
        """Tell one key."""
        return call_result.GetConfiguration(
            configuration_key=[{"key": "NumberOfConnectors", "readonly": True, "value": "1"}]
        )

    @on(Action.remote_start_transaction)  # type: ignore[untyped-decorator]
    def on_remote_start(self, id_tag: str, **_: Any) -> call_result.RemoteStartTransaction:
        """Accept."""
        return call_result.RemoteStartTransaction(status="Accepted")

    @after(Action.remote_start_transaction)  # type: ignore[untyped-decorator]
    async def after_remote_start(self, id_tag: str, **_: Any) -> None:
        """Charge."""
        started = await self.call(
            call.StartTransaction(connector_id=1, id_tag=id_tag, meter_start=100, timestamp=now())
        )
        self.seen["start"] = started.id_tag_info
        self.seen["transaction_id"] = started.transaction_id
        for energy in (200, 300, 400):
            sample = {"value": str(energy), "unit": "Wh", "measurand": "Energy.Active.Import.Register"}
            await self.call(
                call.MeterValues(
                    connector_id=1,
                    transaction_id=started.transaction_id,
                    meter_value=[{"timestamp": now(), "sampledValue": [sample]}],
                )
            )
        stopped = await self.call(
            call.StopTransaction(
                transaction_id=started.transaction_id, meter_stop=400, timestamp=now(), id_tag=id_tag
            )
        )
        self.seen["stop"] = stopped.id_tag_info
        self.finished.set()


def now() -> str:
    """Return the present as the package wants it."""
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


async def main(url: str) -> None:
    """Boot, report, wait for a remote start, charge."""
    async with websockets.connect(url, subprotocols=[websockets.Subprotocol("ocpp1.6")]) as connection:
        station = Station(url.rsplit("/", 1)[1], connection)
        listening = asyncio.create_task(station.start())
        boot = await station.call(call.BootNotification("Model", "Vendor"))
        station.seen["boot"] = boot.status
        for connector_id in (0, 1):
            await station.call(call.StatusNotification(connector_id, "NoError", "Available"))
        await station.call(call.Heartbeat())
        authorized = await station.call(call.Authorize("TAG1"))
        station.seen["authorize"] = authorized.id_tag_info
        print("booted", flush=True)  # noqa: T201 - the test waits for it
        await asyncio.wait_for(station.finished.wait(), 30)
        print(json.dumps(station.seen), flush=True)  # noqa: T201
        listening.cancel()


asyncio.run(main(sys.argv[1]))
