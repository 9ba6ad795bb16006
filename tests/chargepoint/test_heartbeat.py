"""When heartbeats are sent."""

from __future__ import annotations

import asyncio
from functools import partial

from tests.chargepoint.central_system import REFUSED, CentralSystem
from tests.chargepoint.test_configuration import EQUIPMENT
from tests.chargepoint.test_uplink import Deaf
from tests.chargepoint.virtual_time import VirtualClock, story
from tests.chargepoint.world import world

from voltyard.chargepoint.clock import StationClock
from voltyard.chargepoint.configuration import Configuration
from voltyard.chargepoint.heartbeat import beat
from voltyard.chargepoint.keys import table_of
from voltyard.chargepoint.store import MemoryStore
from voltyard.chargepoint.uplink import Uplink
from voltyard.protocol.messages import ChangeConfiguration, DataTransfer, Heartbeat


@story
async def test_a_heartbeat_follows_each_interval_of_silence() -> None:
    """R-085."""
    async with world() as w:
        await w.after(1501)

        assert len(w.central.requests(Heartbeat)) == 5


@story
async def test_any_other_message_stands_for_a_heartbeat() -> None:
    async with world(MeterValueSampleInterval="100") as w:
        await w.charge()
        await w.after(1501)

        assert w.central.requests(Heartbeat) == []


@story
async def test_the_clock_is_set_once_a_day_all_the_same() -> None:
    """R-082."""
    clock = StationClock(VirtualClock())
    central, uplink = CentralSystem(clock.now), Uplink(clock)
    staying = asyncio.create_task(central.stay_connected(partial(uplink.connected, Deaf())))
    await uplink.up.wait()
    beating = asyncio.create_task(beat(uplink, Configuration(MemoryStore(), table_of(EQUIPMENT, {})), clock))

    for _ in range(400):
        await clock.sleep(290)
        await uplink.call(DataTransfer(vendor_id="v"))

    assert len(central.requests(Heartbeat)) == 1
    staying.cancel()
    beating.cancel()


@story
async def test_a_new_interval_takes_effect_at_once() -> None:
    """R-300."""
    async with world() as w:
        await w.central.call(ChangeConfiguration(key="HeartbeatInterval", value="5"))
        await w.after(16)

        assert len(w.central.requests(Heartbeat)) == 3


@story
async def test_a_refused_heartbeat_is_not_hurried() -> None:
    async with world() as w:
        w.central.script(Heartbeat, REFUSED)
        await w.after(590)

        assert len(w.central.requests(Heartbeat)) == 1
