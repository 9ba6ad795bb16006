"""A fleet in memory: many charge points, one central system each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.aio import run
from tests.chargepoint.central_system import CentralSystem
from tests.chargepoint.virtual_time import VirtualClock, story
from tests.serving import Serving, api_key

from voltyard.chargepoint.connection import stay_connected_to
from voltyard.chargepoint.simulator import (
    AlwaysCharging,
    Fleet,
    FleetPlan,
    FleetTotals,
    NetworkFaults,
    SteadyArrivals,
    Vehicle,
)
from voltyard.chargepoint.simulator.dice import Chance
from voltyard.chargepoint.store import SqliteStore
from voltyard.chargepoint.uplink import StayConnected
from voltyard.protocol.messages import BootNotification, MeterValues, StartTransaction, StopTransaction
from voltyard.transport.errors import HandshakeRefused


class Yard:
    """The central systems of a fleet's charge points, by identity; some let nobody in."""

    def __init__(self, *, closed_to: str = "") -> None:
        self.central: dict[str, CentralSystem] = {}
        self._closed_to = closed_to

    def dial(self, identity: str, *, terms: Callable[[], Any], failed: Callable[..., None]) -> StayConnected:
        central = self.central[identity] = CentralSystem(VirtualClock().now)
        if identity == self._closed_to:
            return lambda connected: self._refuse(failed)
        return central.stay_connected

    async def _refuse(self, failed: Callable[..., None]) -> None:
        while True:
            failed(HandshakeRefused(404, "Not Found"), 60.0)
            await asyncio.sleep(60)

    def count(self, kind: type[Any]) -> int:
        return sum(len(central.requests(kind)) for central in self.central.values())


@asynccontextmanager
async def running(plan: FleetPlan, yard: Yard) -> AsyncIterator[Fleet]:
    """Run a fleet."""
    fleet = Fleet(plan, yard.dial, clock=VirtualClock())
    task = asyncio.create_task(fleet.run())
    try:
        yield fleet
    finally:
        task.cancel()
        await asyncio.wait({task})
        assert task.cancelled()


def always(_random: object) -> AlwaysCharging:
    return AlwaysCharging()


@story
async def test_a_fleet_begins_little_by_little_and_its_totals_are_what_the_central_systems_saw() -> None:
    yard = Yard()
    plan = FleetPlan(count=30, per_s=10, speed=60, seed=3, settings={"MeterValueSampleInterval": "30"})

    async with running(plan, yard) as fleet:
        await asyncio.sleep(1.05)
        early = fleet.totals()
        await asyncio.sleep(600)
        totals = fleet.totals()

    assert (early.planned, early.begun) == (30, 11)
    assert early.connected <= 11
    assert not early.is_complete
    assert min(yard.central) == "FLEET-00001"
    assert (totals.begun, totals.connected, totals.accepted, totals.broken) == (30, 30, 30, 0)
    assert totals.is_complete
    assert totals.seconds == pytest.approx(601, abs=0.1)
    assert totals.transactions_started == yard.count(StartTransaction) > 30
    assert totals.transactions_finished == yard.count(StopTransaction) > 30
    assert totals.charging == totals.transactions_started - totals.transactions_finished
    assert totals.calls["MeterValues"] == yard.count(MeterValues)
    assert totals.calls["BootNotification"] == 30
    assert totals.messages_sent == totals.messages_received == sum(totals.calls.values())
    assert (totals.undelivered, totals.faults, totals.errors) == (0, {}, {})
    assert totals.median_latency_s is not None


@story
async def test_in_a_load_test_every_connector_charges_all_the_time() -> None:
    plan = FleetPlan(count=5, connectors=2, arrivals=always, settings={"MeterValueSampleInterval": "30"})

    async with running(plan, yard := Yard()) as fleet:
        await asyncio.sleep(120)
        charging = [fleet.totals().charging for _ in range(1)]
        values = yard.count(MeterValues)
        for _ in range(20):
            await asyncio.sleep(15)
            charging.append(fleet.totals().charging)

    assert set(charging) == {10}
    assert yard.count(MeterValues) - values == 10 * 10


@story
async def test_one_that_breaks_or_cannot_connect_does_not_end_the_others(tmp_path: Path) -> None:
    taken = SqliteStore(tmp_path / "FLEET-00002")
    plan = FleetPlan(count=4, state_directory=tmp_path, arrivals=always)

    async with running(plan, Yard(closed_to="FLEET-00003")) as fleet:
        await asyncio.sleep(100)
        totals = fleet.totals()
    taken.close()

    assert (totals.broken, totals.connected, totals.accepted, totals.charging) == (1, 2, 2, 2)
    assert totals.errors == {"not connected: HTTP 404": 2, "broken: StateUnusable": 1}
    assert not totals.is_complete
    assert {path.name for path in tmp_path.iterdir()} == {f"FLEET-{number:05}" for number in range(1, 5)}


@story
async def test_what_happened_before_is_delivered_after_the_next_start(tmp_path: Path) -> None:
    plan = FleetPlan(count=3, state_directory=tmp_path, arrivals=always)

    async with running(plan, Yard()) as fleet:
        await asyncio.sleep(100)
        assert fleet.totals().charging == 3
    async with running(plan, yard := Yard()):
        await asyncio.sleep(10)

    assert yard.count(StopTransaction) == 3


@story
async def test_faults_of_the_network_are_counted_by_kind() -> None:
    faults = NetworkFaults.parse("drop=0.02,duplicate=0.1,cut=0.05")
    plan = FleetPlan(count=5, faults=faults, arrivals=always, settings={"MeterValueSampleInterval": "5"})

    async with running(plan, Yard()) as fleet:
        await asyncio.sleep(600)
        totals = fleet.totals()

    assert set(totals.faults) == {"drop", "duplicate", "cut"}
    assert totals.faults["duplicate"] > totals.faults["cut"] > 5
    assert totals.errors["unanswered-call"] > 0


@story
async def test_each_has_its_own_random_numbers_and_the_same_seed_makes_the_same_day() -> None:
    async def day(seed: int) -> list[list[tuple[str, int]]]:
        plan = FleetPlan(count=3, seed=seed, speed=60, id_tags=["A{n}", "B"])
        async with running(plan, yard := Yard()):
            await asyncio.sleep(1200)
        return [
            [(start.id_tag, start.meter_start) for start in central.requests(StartTransaction)]
            for central in yard.central.values()
        ]

    first, again, other = await day(1), await day(1), await day(2)

    assert first == again != other
    assert first[0] != first[1]
    assert {id_tag for id_tag, _ in first[1]} == {"A2", "B"}


@story
async def test_arrivals_are_asked_for_once_for_each_charge_point() -> None:
    drawn: list[float] = []

    def arrivals(random: Any) -> SteadyArrivals:
        drawn.append(random.random())
        return SteadyArrivals()

    async with running(FleetPlan(count=3, connectors=2, arrivals=arrivals), yard := Yard()):
        await asyncio.sleep(5)

    assert len(set(drawn)) == 3
    assert yard.count(BootNotification) == 3


class FewVisits:
    """Vehicles come to a connector one after the other, but only a few, and all is told then."""

    def __init__(self, visits: int = 2) -> None:
        self._left = visits

    @property
    def are_over(self) -> bool:
        return self._left < 0

    def wait_s(self, now: datetime, random: Chance) -> float:
        self._left -= 1
        return 1e6 if self.are_over else 10.0

    def stay_s(self, now: datetime, random: Chance) -> float:
        return 600.0

    def vehicle(self, random: Chance) -> Vehicle:
        return AlwaysCharging().vehicle(random)


@pytest.mark.integration
def test_through_an_unreliable_network_every_transaction_is_stored_once(tmp_path: Path) -> None:
    visits: list[FewVisits] = []

    def arrivals(_random: Random) -> FewVisits:
        visits.append(FewVisits())
        return visits[-1]

    plan = FleetPlan(
        count=20,
        speed=1800,
        arrivals=arrivals,
        id_tags=["TAG{n}"],
        settings={"MeterValueSampleInterval": "1"},
        faults=NetworkFaults.parse("delay=0.1:100ms,reorder=0.05:100ms,duplicate=0.1,cut=0.02"),
    )

    async def main() -> tuple[FleetTotals, list[dict[str, Any]]]:
        key = api_key(tmp_path)
        async with Serving(tmp_path) as serving:
            await serving.start()
            with serving.api(key) as api:
                for number in range(1, 21):
                    identity = {"identity": plan.identity(number), "security_profile": 0}
                    api.post("/api/v1/charge-points", json=identity).raise_for_status()
                    api.post("/api/v1/id-tags", json={"id_tag": f"TAG{number}"}).raise_for_status()
                fleet = Fleet(plan, partial(stay_connected_to, serving.ocpp_url, longest_delay_s=0.2))
                running = asyncio.create_task(fleet.run())
                while (
                    len(visits) < 20
                    or not all(each.are_over for each in visits)
                    or fleet.totals().undelivered
                ):
                    await asyncio.sleep(0.1)
                totals = fleet.totals()
                running.cancel()
                await asyncio.wait({running})
                return totals, api.get("/api/v1/transactions", params={"limit": 100}).json()["items"]

    totals, transactions = run(main(), timeout=60)

    assert totals.faults["cut"] > 0
    assert totals.charging == 0
    assert len(transactions) == totals.transactions_started == totals.transactions_finished
    assert 20 < len(transactions) <= 40
    assert all(each["stop_reason"] in {"Local", "EVDisconnected"} for each in transactions)
    assert sorted({each["id_tag"] for each in transactions}) == sorted(f"TAG{n}" for n in range(1, 21))
