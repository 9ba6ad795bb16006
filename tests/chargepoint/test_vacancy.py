"""A charge point becomes empty without interrupting anybody."""

from __future__ import annotations

import asyncio
from random import Random

from tests.chargepoint.virtual_time import VirtualClock, story
from tests.chargepoint.world import vehicle

from voltyard.chargepoint.authorization import Authorization
from voltyard.chargepoint.clock import StationClock
from voltyard.chargepoint.parts import Installation, Parts, assemble
from voltyard.chargepoint.simulator import SimulatedConnector, SimulatedHardware
from voltyard.chargepoint.store import MemoryStore
from voltyard.protocol.messages import (
    BootNotification,
    ChargePointErrorCode,
    ChargePointStatus,
    Reason,
    StatusNotification,
)

AVAILABLE, UNAVAILABLE = ChargePointStatus.AVAILABLE, ChargePointStatus.UNAVAILABLE
FINISHING = ChargePointStatus.FINISHING
SOMEBODY = Authorization("TAG-1")


class Place:
    """A charge point of two connectors without a central system."""

    def __init__(self) -> None:
        clock = VirtualClock()
        connectors = [SimulatedConnector(clock, Random(each)) for each in (1, 2)]
        boot = BootNotification(charge_point_vendor="v", charge_point_model="m")
        self.hardware = SimulatedHardware(connectors, clock, boot)
        installation = Installation(
            hardware=self.hardware,
            stay_connected=lambda _: asyncio.sleep(0),
            store=MemoryStore(),
            clock=StationClock(clock),
        )
        self.parts: Parts = assemble(
            installation, spawn=asyncio.create_task, report=self._report, restart=lambda _: None
        )

    @property
    def statuses(self) -> list[ChargePointStatus]:
        return [session.status for session in self.parts.sessions]

    def _report(self, _: StatusNotification) -> None:
        """Report to nobody."""

    def charge(self) -> None:
        """Have somebody charge at connector 1."""
        self.hardware.connectors[0].plug_in(vehicle())
        session = self.parts.session(1)
        session.plugged_in()
        assert session.begin(SOMEBODY)


@story
async def test_free_connectors_go_out_of_service_and_come_back() -> None:
    place = Place()

    await place.parts.vacancy.vacate()
    taken_out = place.statuses
    place.parts.vacancy.release()

    assert taken_out == [UNAVAILABLE, UNAVAILABLE]
    assert place.statuses == [AVAILABLE, AVAILABLE]


@story
async def test_who_has_only_plugged_in_does_not_get_to_charge() -> None:
    place = Place()
    place.hardware.connectors[0].plug_in(vehicle())
    place.parts.session(1).plugged_in()

    await place.parts.vacancy.vacate()

    assert place.statuses == [UNAVAILABLE, UNAVAILABLE]
    assert not place.parts.session(1).begin(SOMEBODY)


@story
async def test_transactions_are_waited_for_and_no_other_begins() -> None:
    place = Place()
    place.charge()

    vacating = asyncio.create_task(place.parts.vacancy.vacate())
    await asyncio.sleep(3600)
    assert not vacating.done()
    assert place.statuses[1] is UNAVAILABLE
    place.parts.session(1).stop(Reason.LOCAL)
    await asyncio.wait_for(vacating, 1)

    assert place.statuses == [FINISHING, UNAVAILABLE]
    assert not place.parts.session(1).may_begin
    place.hardware.connectors[0].unplug()
    place.parts.session(1).unplugged()
    assert place.statuses == [UNAVAILABLE, UNAVAILABLE]


@story
async def test_what_the_central_system_wants_meanwhile_counts_afterwards() -> None:
    place = Place()
    place.parts.controller.set_operative(1, False)
    await place.parts.vacancy.vacate()

    place.parts.controller.set_operative(1, True)
    place.parts.controller.set_operative(2, False)
    meanwhile = [place.parts.controller.is_operative(each) for each in (1, 2)]
    place.parts.vacancy.release()

    assert meanwhile == [False, False]
    assert place.statuses == [AVAILABLE, UNAVAILABLE]


@story
async def test_a_transaction_that_ends_during_a_fault_is_not_waited_for_any_more() -> None:
    place = Place()
    place.charge()
    vacating = asyncio.create_task(place.parts.vacancy.vacate())
    await asyncio.sleep(1)

    place.parts.session(1).fault_raised(ChargePointErrorCode.GROUND_FAILURE)
    place.parts.session(1).stop(Reason.LOCAL)
    await asyncio.wait_for(vacating, 1)

    assert place.statuses == [ChargePointStatus.FAULTED, UNAVAILABLE]
