"""What may still be charged with an identifier that is not accepted."""

from __future__ import annotations

import asyncio
from random import Random

from tests.chargepoint.virtual_time import VirtualClock, story

from voltyard.chargepoint.grace import LOOK_S, used_up
from voltyard.chargepoint.simulator import SimulatedConnector


class CountingConnector(SimulatedConnector):
    """A connector whose meter shows what it is told to; None cannot be read."""

    shown_wh: int | None = 7000

    @property
    def register_wh(self) -> int:
        if self.shown_wh is None:
            raise OSError("no answer from the meter")
        return self.shown_wh


@story
async def test_it_is_used_up_when_so_much_has_flowed() -> None:
    """R-170."""
    connector = CountingConnector(VirtualClock(), Random(1))
    waiting = asyncio.create_task(used_up(connector, VirtualClock(), 500))
    await asyncio.sleep(60)
    connector.shown_wh = 7499
    await asyncio.sleep(60)
    assert not waiting.done()

    connector.shown_wh = 7500
    await asyncio.sleep(LOOK_S)

    assert waiting.done()


@story
async def test_a_meter_that_cannot_be_read_grants_nothing() -> None:
    connector = CountingConnector(VirtualClock(), Random(1))
    waiting = asyncio.create_task(used_up(connector, VirtualClock(), 500))
    await asyncio.sleep(60)

    connector.shown_wh = None
    await asyncio.sleep(LOOK_S)

    assert waiting.done()
