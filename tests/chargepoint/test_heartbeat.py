"""When heartbeats are sent."""

from __future__ import annotations

from tests.chargepoint.central_system import REFUSED
from tests.chargepoint.virtual_time import story
from tests.chargepoint.world import world

from voltyard.protocol.messages import ChangeConfiguration, Heartbeat


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
    async with world(MeterValueSampleInterval="290") as w:
        await w.charge()
        await w.after(86_000)
        assert w.central.requests(Heartbeat) == []

        await w.after(1000)

        assert len(w.central.requests(Heartbeat)) == 1


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
