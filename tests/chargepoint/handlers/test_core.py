"""What a charge point answers to the actions of the Core profile."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import pytest
from tests.chargepoint.central_system import SILENCE, CentralSystem, Late
from tests.chargepoint.virtual_time import VirtualClock, story
from tests.chargepoint.world import TAG, world

from voltyard.chargepoint.simulator import SimulatedConnector, SimulatedHardware
from voltyard.chargepoint.station import Station
from voltyard.protocol.messages import (
    Authorize,
    BootNotification,
    ChangeConfiguration,
    ChargePointStatus,
    ClearCache,
    ClearCacheStatus,
    ConfigurationStatus,
    DataTransfer,
    DataTransferResponse,
    DataTransferStatus,
    GetConfiguration,
    StopTransaction,
)


@story
async def test_configuration_is_read_and_changed() -> None:
    """R-292, R-293, R-300."""
    async with world() as w:
        changed = await w.central.call(ChangeConfiguration(key="ConnectionTimeOut", value="77"))
        some = await w.central.call(GetConfiguration(key=("connectiontimeout", "Foo")))
        every = await w.central.call(GetConfiguration())

        assert changed.status is ConfigurationStatus.ACCEPTED
        assert [each.value for each in some.configuration_key or ()] == ["77"]
        assert some.unknown_key == ("Foo",)
        assert len(every.configuration_key or ()) > 20


@story
async def test_a_new_password_takes_a_new_connection_and_loses_nothing() -> None:
    """R-303: the answer comes first, what was not delivered is delivered then."""
    async with world() as w:
        await w.charge()
        w.central.script(StopTransaction, SILENCE)
        w.hardware.tap(1, TAG)
        await w.after()

        key = "000102030405060708090a0b0c0d0e0f"
        answer = await w.central.call(ChangeConfiguration(key="authorizationKEY", value=key))
        await w.after(5)

        assert answer.status is ConfigurationStatus.ACCEPTED
        assert w.central.connections == 2
        assert w.station.terms.password == bytes(range(16))
        assert len(w.central.requests(StopTransaction)) == 2
        assert w.snapshot.undelivered == 0
        assert len(w.central.requests(BootNotification)) == 1


@story
async def test_a_new_password_lets_the_central_system_answer_first() -> None:
    """R-303: it might not read the answer if it found the connection closed when it writes its own."""
    async with world() as w:
        w.central.script(Authorize, Late(1.0))
        w.hardware.tap(1, TAG)
        await w.after()

        await w.central.call(ChangeConfiguration(key="AuthorizationKey", value="00" * 16))
        await w.after(0.5)
        assert w.central.connections == 1
        await w.after(5)

        assert w.central.connections == 2
        assert len(w.central.requests(Authorize)) == 1
        assert w.snapshot.complaints == {}


@story
async def test_a_password_that_is_none_changes_nothing() -> None:
    """R-304."""
    async with world() as w:
        answer = await w.central.call(ChangeConfiguration(key="AuthorizationKey", value="00" * 15))
        await w.after(5)

        assert answer.status is ConfigurationStatus.REJECTED
        assert w.central.connections == 1
        assert w.station.terms.password is None


@story
async def test_an_answer_is_waited_for_as_long_as_the_key_says() -> None:
    async with world(MessageTimeout="3") as w:
        w.central.script(Authorize, Late(2.5), Late(3.5))

        await w.charge(1)
        await w.after(3)
        await w.charge(2, id_tag="TAG-2")
        await w.after(4)

        assert (w.status(1), w.status(2)) == (ChargePointStatus.CHARGING, ChargePointStatus.PREPARING)


@story
async def test_a_cleared_cache_knows_nobody() -> None:
    """R-133."""
    async with world() as w:
        await w.charge()
        w.hardware.tap(1, TAG)
        await w.after()
        w.hardware.unplug(1)
        answer = await w.central.call(ClearCache())
        w.central.go_offline()
        await w.after(5)

        await w.charge()

        assert answer.status is ClearCacheStatus.ACCEPTED
        assert w.hardware.connectors[0].offered_a == 0


@story
async def test_a_cache_that_is_switched_off_can_be_cleared() -> None:
    async with world(AuthorizationCacheEnabled="false") as w:
        assert (await w.central.call(ClearCache())).status is ClearCacheStatus.ACCEPTED


@story
async def test_a_cache_that_is_not_there_cannot_be_cleared() -> None:
    """R-134."""
    async with station_with_vendor("AuthorizationCacheEnabled") as central:
        assert (await central.call(ClearCache())).status is ClearCacheStatus.REJECTED


def _price(data: str | None) -> DataTransferResponse:
    return DataTransferResponse(status=DataTransferStatus.ACCEPTED, data=json.dumps({"of": data}))


@asynccontextmanager
async def station_with_vendor(*absent_keys: str) -> AsyncIterator[CentralSystem]:
    """Run a station that knows one vendor and lacks some keys, and give its central system."""
    clock = VirtualClock()
    central = CentralSystem(clock.now)
    boot = BootNotification(charge_point_vendor="v", charge_point_model="m")
    hardware = SimulatedHardware([SimulatedConnector(clock, Random(1))], clock, boot)
    station = Station(
        hardware,
        central.stay_connected,
        clock=clock,
        vendors={"org.known": {"Price": _price}},
        absent_keys=absent_keys,
    )
    running = asyncio.create_task(station.run())
    await asyncio.sleep(1)
    yield central
    running.cancel()
    await asyncio.wait({running})


@pytest.mark.parametrize(
    ("request_", "status", "data"),
    [
        (DataTransfer(vendor_id="org.nobody", data="x"), DataTransferStatus.UNKNOWN_VENDOR_ID, None),
        (DataTransfer(vendor_id="org.known", message_id="Y"), DataTransferStatus.UNKNOWN_MESSAGE_ID, None),
        (DataTransfer(vendor_id="org.known"), DataTransferStatus.UNKNOWN_MESSAGE_ID, None),
        (
            DataTransfer(vendor_id="org.known", message_id="Price", data="1"),
            DataTransferStatus.ACCEPTED,
            '{"of": "1"}',
        ),
    ],
)
@story
async def test_data_transfer_goes_to_its_vendor(
    request_: DataTransfer, status: DataTransferStatus, data: str | None
) -> None:
    """R-289, R-290."""
    async with station_with_vendor() as central:
        answer = await central.call(request_)

        assert (answer.status, answer.data) == (status, data)
