"""A charge point over its restarts: cut off at any moment, it tells every transaction once."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from tests.chargepoint.central_system import CentralSystem
from tests.chargepoint.virtual_time import VirtualClock, story
from tests.chargepoint.world import TAG, vehicle, world

from voltyard.chargepoint.simulator import SimulatedConnector, SimulatedHardware, Vehicle
from voltyard.chargepoint.simulator.vehicle import MODELS
from voltyard.chargepoint.station import Station
from voltyard.chargepoint.store import Change, MemoryStore
from voltyard.chargepoint.transactions import last_register_wh
from voltyard.protocol.codec import Compliance
from voltyard.protocol.errors import ErrorCode
from voltyard.protocol.messages import (
    BootNotification,
    MeterValues,
    Reason,
    Reset,
    ResetType,
    StartTransaction,
    StopTransaction,
)
from voltyard.protocol.rpc import Event
from voltyard.transport.errors import CallRejected, Disconnected

BOOT = BootNotification(charge_point_vendor="v", charge_point_model="m")


class PowerCut(Exception):
    """The power is gone."""


class CutStore(MemoryStore):
    """A store whose power goes after so many commits: the last one is durable, nothing follows it."""

    def __init__(self, commits: int) -> None:
        super().__init__()
        self.commits_left = commits

    def commit(self, *changes: Change) -> None:
        if self.commits_left == 0:
            raise PowerCut
        self.commits_left -= 1
        super().commit(*changes)


def hardware_on(store: MemoryStore, clock: VirtualClock) -> SimulatedHardware:
    connector = SimulatedConnector(clock, Random(1), register_wh=last_register_wh(store, 1))
    return SimulatedHardware([connector], clock, BOOT)


async def charge_once(hardware: SimulatedHardware, central: CentralSystem, *, is_offline: bool) -> None:
    """Charge for half a minute, online or with the start told later."""
    hardware.plug_in(1, Vehicle(MODELS[1], 20))
    hardware.tap(1, TAG)
    await asyncio.sleep(25)
    if is_offline:
        central.go_offline()
        await asyncio.sleep(12)
    hardware.tap(1, TAG)
    await asyncio.sleep(3)
    hardware.unplug(1)
    central.is_reachable = True
    await asyncio.sleep(20)


async def live_until_cut(
    store: CutStore, clock: VirtualClock, central: CentralSystem, *, is_offline: bool
) -> bool:
    """Run a charge point through a session; return whether the power went."""
    hardware = hardware_on(store, clock)
    station = Station(
        hardware,
        central.stay_connected,
        store=store,
        clock=clock,
        settings={"MeterValueSampleInterval": "10"},
    )
    was_cut = False
    try:
        async with asyncio.TaskGroup() as tasks:
            lives = [tasks.create_task(station.run()), tasks.create_task(hardware.run())]
            await asyncio.sleep(2)
            await charge_once(hardware, central, is_offline=is_offline)
            for life in lives:
                life.cancel()
    except* PowerCut:
        was_cut = True
    return was_cut


def assert_each_told_once(central: CentralSystem) -> None:
    starts = list(dict.fromkeys(central.requests(StartTransaction)))
    stops = list(dict.fromkeys(central.requests(StopTransaction)))
    assert len(starts) == len(stops)
    registers = [(start.meter_start, stop.meter_stop) for start, stop in zip(starts, stops, strict=True)]
    assert all(began <= ended for began, ended in registers)
    assert all(earlier[1] <= later[0] for earlier, later in pairwise(registers))
    stamps = [each.meter_value[0].timestamp for each in central.requests(MeterValues)]
    assert stamps == sorted(stamps)


@pytest.mark.parametrize("is_offline", [False, True], ids=["online", "offline"])
@pytest.mark.parametrize("commits", range(2, 22))
@story
async def test_a_power_cut_at_any_commit_loses_and_doubles_nothing(commits: int, is_offline: bool) -> None:
    """R-181, R-206: what was begun is told, once, in order, with the readings that were known."""
    clock = VirtualClock()
    central = CentralSystem(clock.now)
    store = CutStore(commits)

    was_cut = await live_until_cut(store, clock, central, is_offline=is_offline)
    store.commits_left = -1
    central.is_reachable = True
    await live_until_cut(store, clock, central, is_offline=False)

    assert_each_told_once(central)
    reasons = [each.reason for each in dict.fromkeys(central.requests(StopTransaction))]
    assert set(reasons[:-1]) <= {Reason.LOCAL, Reason.POWER_LOSS}
    assert reasons[-1] is Reason.LOCAL
    assert was_cut or reasons == [Reason.LOCAL, Reason.LOCAL]


@story
async def test_a_transaction_that_was_left_in_good_order_ends_with_a_reboot(tmp_path: Path) -> None:
    """C.5: watchdog, local reboot."""
    async with world(state=tmp_path, MeterValueSampleInterval="10") as w:
        await w.charge()
        await w.after(25)
        central = w.central
        last_known = central.requests(MeterValues)[-1].meter_value[0]
    central.received.clear()
    async with world(state=tmp_path, central=central) as w:
        await w.after(5)

        (stop,) = central.requests(StopTransaction)
        assert (stop.reason, stop.transaction_id) == (Reason.REBOOT, 1001)
        assert str(stop.meter_stop) == last_known.sampled_value[0].value
        assert stop.timestamp == last_known.timestamp
        assert central.actions()[0] == "BootNotification"
        assert w.hardware.connectors[0].register_wh == stop.meter_stop


@story
async def test_a_central_system_that_restarts_is_not_told_twice() -> None:
    """The station goes on over a restart of the central system: no boot, no loss."""
    async with world(MeterValueSampleInterval="10") as w:
        await w.charge()
        w.central.go_offline()
        await w.after(60)
        w.central.is_reachable = True
        await w.after(30)
        w.hardware.tap(1, TAG)
        await w.after(5)

        assert w.central.actions().count("BootNotification") == 1
        assert w.central.actions().count("StartTransaction") == 1
        stamps = [each.meter_value[0].timestamp for each in w.central.requests(MeterValues)]
        assert len(stamps) == len(set(stamps)) == 9


@story
async def test_impossible_settings_are_said_to_be_at_once() -> None:
    clock = VirtualClock()

    with pytest.raises(ValueError, match="Nonsense"):
        Station(hardware_on(MemoryStore(), clock), _never, clock=clock, settings={"Nonsense": "1"})


@story
async def test_a_station_that_is_not_up_has_no_looks() -> None:
    clock = VirtualClock()

    assert Station(hardware_on(MemoryStore(), clock), _never, clock=clock).snapshot() is None


async def _never(_: object) -> None:
    await asyncio.Event().wait()


class Frames:
    """Keeps frames."""

    def __init__(self) -> None:
        self.out: list[bytes] = []
        self.back: list[bytes] = []

    def received(self, frame: bytes, event: Event) -> None:
        self.back.append(frame)

    def sent(self, frame: bytes) -> None:
        self.out.append(frame)


@story
async def test_an_observer_sees_the_frames_and_a_strict_station_minds_them() -> None:
    clock, frames = VirtualClock(), Frames()
    central = CentralSystem(clock.now)
    station = Station(
        hardware_on(MemoryStore(), clock),
        central.stay_connected,
        clock=clock,
        compliance=Compliance.STRICT,
        observer=frames,
    )
    running = asyncio.create_task(station.run())
    await asyncio.sleep(2)

    with pytest.raises(CallRejected) as rejected:
        await central.call_raw("ClearCache", b'{"extra":1}')

    assert ErrorCode.from_wire(rejected.value.code) is ErrorCode.FORMATION_VIOLATION
    assert b'"BootNotification"' in frames.out[0]
    assert any(b'"ClearCache"' in frame for frame in frames.back)
    running.cancel()
    await asyncio.wait({running})
    assert station.snapshot() is None


@story
async def test_a_hostile_central_system_stops_no_transaction() -> None:
    async with world(MeterValueSampleInterval="10") as w:
        await w.charge()
        for action, payload in (
            ("Reset", b'{"type":"Warm"}'),
            ("RemoteStopTransaction", b'{"transactionId":"x"}'),
            ("ChangeConfiguration", b"[]"),
            ("UnlockConnector", b'{"connectorId":-5}'),
            ("FooBar", b"{}"),
        ):
            with pytest.raises(CallRejected):
                await w.central.call_raw(action, payload)
        for frame in (
            b"",
            b"{[",
            b"[]",
            b"[3]",
            b"[9,1,2]",
            b'[3,"zzz",{}]',
            b'[4,"zzz"]',
            b"\xff\xfe",
            b"[" * 5000,
        ):
            w.central.send_raw(frame)
        await w.after(25)

        assert w.connector().transaction_id == 1001
        assert w.central.connections == 1
        assert w.hardware.connectors[0].offered_a == 32


@story
async def test_the_vehicle_may_come_before_the_charge_point_is_up() -> None:
    clock = VirtualClock()
    central = CentralSystem(clock.now)
    hardware = hardware_on(MemoryStore(), clock)
    hardware.plug_in(1, vehicle())
    hardware.tap(1, TAG)
    station = Station(hardware, central.stay_connected, clock=clock)

    running = asyncio.create_task(station.run())
    await asyncio.sleep(2)

    snapshot = station.snapshot()
    assert snapshot is not None
    assert snapshot.connectors[0].status == "Preparing"
    running.cancel()
    await asyncio.wait({running})
    hardware.unplug(1)


@story
async def test_what_is_not_up_sends_nothing() -> None:
    clock = VirtualClock()
    station = Station(hardware_on(MemoryStore(), clock), _never, clock=clock)

    with pytest.raises(Disconnected, match="not up"):
        await station.call_raw("Heartbeat", b"{}")
    with pytest.raises(Disconnected, match="not up"):
        await station.exchange(b"{}")


@story
async def test_a_transaction_begun_while_a_reset_is_on_its_way_ends_with_the_reset() -> None:
    async with world() as w:
        await w.central.call(Reset(type=ResetType.HARD))
        await w.after(0.5)
        await w.charge()
        assert w.connector().energy_wh is not None
        await w.after(30)

        (stop,) = w.central.requests(StopTransaction)
        assert stop.reason is Reason.HARD_RESET
