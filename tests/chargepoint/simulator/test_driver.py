"""Drivers at simulated connectors."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from tests.chargepoint.central_system import BLOCKED
from tests.chargepoint.virtual_time import VirtualClock, story
from tests.chargepoint.world import world

from voltyard.chargepoint.simulator import Driver
from voltyard.charging.connector import transition_between
from voltyard.protocol.messages import (
    AvailabilityType,
    ChangeAvailability,
    MeterValues,
    Reason,
    StartTransaction,
    StatusNotification,
    StopTransaction,
)


@pytest.mark.parametrize("seed", range(6))
@story
async def test_a_visit_charges_a_vehicle_and_leaves_the_connector_free(seed: int) -> None:
    async with world(connectors=1, speed=60) as w:
        driver = Driver(1, w.hardware, ["A", "B"], VirtualClock(), Random(seed))
        await driver.visit()
        await w.after()

        (start,), (stop,) = w.central.requests(StartTransaction), w.central.requests(StopTransaction)
        assert start.id_tag in {"A", "B"}
        assert stop.meter_stop - start.meter_start > 500
        assert stop.reason in {Reason.LOCAL, Reason.EV_DISCONNECTED}
        assert w.status() == "Available"


@story
async def test_a_driver_who_gets_nothing_goes_away() -> None:
    async with world(connectors=1, speed=60) as w:
        w.central.tags["A"] = BLOCKED
        await Driver(1, w.hardware, ["A"], VirtualClock(), Random(1)).visit()
        await w.after()

        assert w.central.requests(StartTransaction) == []
        assert w.status() == "Available"
        await w.central.call(ChangeAvailability(connector_id=1, type=AvailabilityType.INOPERATIVE))
        await Driver(1, w.hardware, ["B"], VirtualClock(), Random(2)).visit()

        assert w.central.requests(StartTransaction) == []


@story
async def test_the_same_seed_makes_the_same_day() -> None:
    days = []
    for seed in (1, 1, 2):
        async with world(connectors=1, speed=60) as w:
            driver = Driver(1, w.hardware, ["A", "B", "C"], VirtualClock(), Random(seed))
            for _ in range(3):
                await driver.visit()
            days.append([(each.id_tag, each.meter_start) for each in w.central.requests(StartTransaction)])

    assert days[0] == days[1] != days[2]


@story
async def test_a_day_with_a_bad_network_is_told_completely_and_in_order() -> None:
    """R-199, R-200, R-205, R-213, R-238, R-239."""
    async with world(connectors=3, speed=60, has_drivers=True, MeterValueSampleInterval="20") as w:
        network = Random(5)
        for _ in range(40):
            await w.after(network.uniform(1, 60))
            w.central.go_offline()
            await w.after(network.uniform(0.1, 30))
            w.central.is_reachable = True
        await w.after(60)

        starts, stops = w.central.requests(StartTransaction), w.central.requests(StopTransaction)
        ended = {each.transaction_id for each in stops}
        assert len(stops) == len(ended) > 15
        assert len(starts) - len(stops) == sum(
            each.transaction_id is not None for each in w.snapshot.connectors
        )
        for connector_id in (1, 2, 3):
            registers = [
                float(each.meter_value[0].sampled_value[0].value)
                for each in w.central.requests(MeterValues)
                if each.connector_id == connector_id
            ]
            assert registers == sorted(registers)
        assert w.snapshot.undelivered == 0


@story
async def test_a_day_with_a_good_network_reports_every_step() -> None:
    """R-212, R-213."""
    async with world(connectors=2, speed=60, has_drivers=True) as w:
        await w.after(1800)

        for connector_id in (1, 2):
            told = [
                each.status
                for each in w.central.requests(StatusNotification)
                if each.connector_id == connector_id
            ]
            assert len(told) > 10
            assert all(transition_between(*step) for step in pairwise(told))
