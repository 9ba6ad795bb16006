"""A gateway that can be brought into trouble: everything real, but trouble is noticed at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from tests.central.building import NOON, charge_point, tag

from voltyard.central.bus import Bus
from voltyard.central.gateway.backlog import Backlog
from voltyard.central.gateway.fallback import Fallback, Pace
from voltyard.central.gateway.gateway import Gateway
from voltyard.central.gateway.handlers import VendorHandler
from voltyard.central.services.events import Event
from voltyard.central.settings import OcppSettings
from voltyard.central.storage.database import Database
from voltyard.central.storage.finding import find_charge_point, find_tag
from voltyard.central.storage.ledger import Ledger
from voltyard.central.storage.readers import Readers
from voltyard.central.storage.work import Work
from voltyard.protocol.messages import (
    MeterValue,
    MeterValues,
    SampledValue,
    StartTransaction,
    StopTransaction,
)
from voltyard.protocol.payload import Payload
from voltyard.transport.client import connect
from voltyard.transport.link import Link, Receiver
from voltyard.transport.peer import Peer
from voltyard.transport.router import Role, Router, RouterResponder

R = TypeVar("R", bound=Payload)

OPEN = OcppSettings(port=0, allow_unauthenticated=True)
HASTE = Pace(
    tick_s=0.02,
    stalled_after_s=0.3,
    spool_within_s=2.0,
    look_up_within_s=0.5,
    look_up_in_trouble_within_s=0.2,
)


@dataclass
class System:
    """The parts of a central system without its API."""

    database: Database
    ledger: Ledger
    backlog: Backlog
    gateway: Gateway
    events: list[Event] = field(default_factory=list)

    @property
    def fallback(self) -> Fallback:
        return self.gateway.fallback

    async def recovered(self) -> None:
        """Wait until the trouble is over and nothing waits in the spool."""
        await until(lambda: not self.fallback.is_engaged and not self.fallback.undrained)


@asynccontextmanager
async def system_on(
    database: Database,
    directory: Path,
    pace: Pace = HASTE,
    settings: OcppSettings = OPEN,
    vendors: Mapping[str, VendorHandler] | None = None,
) -> AsyncIterator[System]:
    """Run a gateway; charge points of profile 0 may connect unless the settings say otherwise."""
    async with AsyncExitStack() as stack:
        bus = Bus()
        readers = Readers(database)
        stack.callback(readers.close)
        ledger = Ledger(database, bus.publish)
        stack.push_async_callback(ledger.close)
        backlog = await Backlog.open(directory / "spool")
        stack.push_async_callback(backlog.close)
        gateway = Gateway(
            settings,
            ledger,
            bus,
            lambda identity: readers.run(find_charge_point, identity),
            lambda id_tag: readers.run(find_tag, id_tag),
            vendors or {},
            backlog,
            pace,
        )
        system = System(database, ledger, backlog, gateway)
        bus.listen(system.events.append)
        await gateway.open()
        stack.push_async_callback(gateway.close)
        yield system


def populate(work: Work, *identities: str) -> None:
    """Store charge points that have been accepted, and one tag."""
    for identity in identities:
        work.charge_points.add(charge_point(identity, accepted_at_us=1))
    work.id_tags.put(tag("042F"))


class Charger:
    """The other end of a connection; a CALLERROR to it raises `CallRejected`."""

    def __init__(self) -> None:
        self.peer: Peer
        self.lost: asyncio.Future[tuple[int, str]] = asyncio.get_running_loop().create_future()

    def __call__(self, link: Link) -> Receiver:
        self.peer = Peer(link, RouterResponder(Router(Role.CHARGE_POINT, {})))
        return self

    def frame_received(self, frame: bytes) -> None:
        self.peer.frame_received(frame)

    def connection_lost(self, code: int, reason: str) -> None:
        self.peer.connection_lost(code, reason)
        self.lost.set_result((code, reason))


@asynccontextmanager
async def charger(system: System, identity: str = "CP1") -> AsyncIterator[Charger]:
    """A charge point that is connected."""
    charger = Charger()
    connection = await connect(system.gateway.url, identity, charger)
    try:
        yield charger
    finally:
        connection.close()
        await connection.wait_closed()


async def until(condition: Callable[[], bool], timeout_s: float = 8.0) -> None:
    """Wait for what another thread or a timer brings about."""
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.005)


def start(number: int = 0, **changes: Any) -> StartTransaction:
    """A start of its own for each number."""
    fields: dict[str, Any] = {
        "connector_id": 1,
        "id_tag": "042F",
        "meter_start": 100 * number,
        "timestamp": at(60 * number),
    }
    return StartTransaction(**fields | changes)


def values(transaction_id: int, minute: int) -> MeterValues:
    """A meter value of its own for each minute."""
    sample = SampledValue(value=str(1000 + minute))
    return MeterValues(
        connector_id=1,
        transaction_id=transaction_id,
        meter_value=(MeterValue(timestamp=at(minute), sampled_value=(sample,)),),
    )


def stop(transaction_id: int, meter_stop: int = 5000, minute: int = 59) -> StopTransaction:
    """The end of a transaction."""
    return StopTransaction(transaction_id=transaction_id, meter_stop=meter_stop, timestamp=at(minute))


def at(minute: int) -> datetime:
    """A moment of the test's day."""
    return NOON + timedelta(minutes=minute)
