"""Simulated hardware and the hands of those who use it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from msgspec import structs
from tests.chargepoint.simulator.rig import BOOT, Ears, connector, hardware
from tests.chargepoint.virtual_time import VirtualClock, story
from tests.chargepoint.world import MODEL, vehicle

from voltyard.chargepoint.errors import UnknownConnector
from voltyard.chargepoint.simulator import MODELS, SimulatedConnector, SimulatedHardware, Vehicle
from voltyard.chargepoint.simulator.firmware import image
from voltyard.chargepoint.simulator.hardware import MAIN_FUSE
from voltyard.chargepoint.simulator.vehicle import PilotState
from voltyard.chargepoint.store import MemoryStore
from voltyard.protocol.messages import ChargePointErrorCode, ResetType

OTHER_ERROR = ChargePointErrorCode.OTHER_ERROR
GROUND_FAILURE = ChargePointErrorCode.GROUND_FAILURE
SLOW = replace(MODEL, reaction_s=2.0)


def attached(bench: SimulatedHardware) -> Ears:
    ears = Ears()
    bench.attach(ears)
    return ears


def charging(*connectors: SimulatedConnector, offered_a: float = 32) -> SimulatedHardware:
    bench = hardware(*connectors)
    for connector_id in range(1, len(bench.connectors) + 1):
        bench.plug_in(connector_id, vehicle())
        bench.connectors[connector_id - 1].offer(offered_a)
    bench.advance(60)
    return bench


# What people do.


def test_what_people_do_is_told_to_the_listener() -> None:
    bench = hardware(connector(), connector(has_lock=False))
    ears = attached(bench)

    bench.plug_in(1, vehicle())
    bench.tap(1, "A")
    bench.unplug_at_vehicle(1)
    bench.unplug(1)
    bench.unplug_at_vehicle(2)
    bench.raise_fault(0, OTHER_ERROR, "why", "E-1")
    bench.clear_fault(0)
    bench.press_emergency_button()
    bench.attach(None)
    bench.plug_in(1, vehicle())

    assert ears.heard == [
        ("plugged_in", 1),
        ("tag_presented", 1, "A"),
        ("ev_disconnected", 1),
        ("unplugged", 1),
        ("unplugged", 2),
        ("fault_raised", 0, OTHER_ERROR, "why", "E-1"),
        ("fault_cleared", 0),
        ("emergency_stopped",),
    ]
    assert bench.connectors[0].is_plugged


def test_nobody_has_to_listen() -> None:
    bench = hardware()

    bench.tap(1, "A")
    bench.plug_in(1, vehicle(soc_percent=99, target_percent=99.01))
    bench.connectors[0].offer(32)
    bench.advance(3600)
    bench.unplug_at_vehicle(1)
    bench.unplug(1)
    bench.raise_fault(1, OTHER_ERROR)
    bench.clear_fault(1)
    bench.press_emergency_button()

    assert not bench.connectors[0].is_plugged


@pytest.mark.parametrize("connector_id", [-1, 0, 2])
def test_there_is_nothing_to_do_at_a_connector_that_does_not_exist(connector_id: int) -> None:
    bench = hardware()

    for act in (
        lambda: bench.plug_in(connector_id, vehicle()),
        lambda: bench.unplug(connector_id),
        lambda: bench.unplug_at_vehicle(connector_id),
        lambda: bench.tap(connector_id, "A"),
        lambda: bench.pause(connector_id),
        lambda: bench.resume(connector_id),
        lambda: bench.raise_fault(connector_id or 9, OTHER_ERROR),
        lambda: bench.clear_fault(connector_id or 9),
    ):
        with pytest.raises(UnknownConnector):
            act()
    assert not list(bench.defects)


def test_the_emergency_button_opens_all_contactors() -> None:
    bench = charging(connector(), connector())

    bench.press_emergency_button()

    assert [each.power_w for each in bench.connectors] == [0, 0]


# What vehicles do.


def test_a_vehicle_that_is_full_is_told() -> None:
    bench = hardware(connector(), connector())
    bench.plug_in(2, vehicle(soc_percent=50, target_percent=51))
    bench.connectors[1].offer(32)
    ears = attached(bench)

    bench.advance(3600)

    assert ears.heard == [("supply_changed", 2)]


def test_a_vehicle_that_pauses_and_goes_on_is_told_each_time() -> None:
    bench = hardware()
    ears = attached(bench)
    bench.plug_in(1, Vehicle(SLOW, 20))
    bench.advance(2)
    bench.connectors[0].offer(32)
    bench.advance(60)
    assert bench.pause(1)
    paused_w = bench.connectors[0].power_w
    assert bench.resume(1)
    bench.advance(60)

    assert ears.heard == [("plugged_in", 1), *3 * [("supply_changed", 1)]]
    assert paused_w == 0
    assert bench.connectors[0].power_w == pytest.approx(11_000)


def test_without_a_vehicle_there_is_nothing_to_pause() -> None:
    bench = hardware()

    assert not bench.pause(1)
    assert not bench.resume(1)


def test_what_a_vehicle_does_is_told_at_the_moment_it_does_it() -> None:
    bench = hardware()
    bench.plug_in(1, vehicle(soc_percent=50, target_percent=51))
    bench.connectors[0].offer(32)
    registers = []

    class Reader(Ears):
        def supply_changed(self, connector_id: int) -> None:
            registers.append(bench.connectors[0].registers.total_wh)

    bench.attach(Reader())
    bench.advance(36_000)

    assert registers == [pytest.approx(500 / 0.91)]


# How time passes.


@story
async def test_physics_run_faster_than_the_clock() -> None:
    """Timestamps stay real while energy flows sixty times as fast."""
    clock = VirtualClock()
    bench = SimulatedHardware([SimulatedConnector(clock, Random(1))], clock, BOOT, speed=60)
    bench.plug_in(1, vehicle())
    bench.connectors[0].offer(32)

    running = asyncio.create_task(bench.run())
    await clock.sleep(60.5)
    running.cancel()
    await asyncio.wait({running})
    register_wh = bench.connectors[0].register_wh
    await clock.sleep(100)

    assert register_wh == bench.connectors[0].register_wh == pytest.approx(11_000, rel=0.02)


@story
async def test_a_reading_is_right_at_any_moment_without_a_tick() -> None:
    clock = VirtualClock()
    bench = SimulatedHardware([SimulatedConnector(clock, Random(1))], clock, BOOT)
    running = asyncio.create_task(bench.run())
    await clock.sleep(1)
    bench.plug_in(1, vehicle())
    bench.connectors[0].offer(16)
    await clock.sleep(100)
    before_wh = bench.connectors[0].registers.total_wh
    await clock.sleep(7.3)

    grown_wh = bench.connectors[0].registers.total_wh - before_wh

    assert grown_wh == pytest.approx(11_000 * 7.3 / 3600)
    running.cancel()
    await asyncio.wait({running})


class JumpingClock(VirtualClock):
    """A clock that is ahead when the machine was busy with other things."""

    ahead_s = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead_s


@story
async def test_a_reading_is_right_also_when_the_world_is_late() -> None:
    clock = JumpingClock()
    bench = SimulatedHardware([SimulatedConnector(clock, Random(1))], clock, BOOT)
    running = asyncio.create_task(bench.run())
    bench.plug_in(1, vehicle(soc_percent=50, target_percent=51))
    bench.connectors[0].offer(32)
    await clock.sleep(1)
    ears = attached(bench)
    await asyncio.sleep(0)

    clock.ahead_s = 36_000
    late_w, late_wh = bench.connectors[0].power_w, bench.connectors[0].registers.total_wh
    heard = list(ears.heard)
    await clock.sleep(0.1)

    assert late_w == 0
    assert late_wh == pytest.approx(500 / 0.91)
    assert heard == []
    assert ears.heard == [("supply_changed", 1)]
    running.cancel()
    await asyncio.wait({running})


class CountingClock(VirtualClock):
    """Counts how often somebody waits."""

    def __init__(self) -> None:
        super().__init__()
        self.waits = 0

    async def sleep(self, seconds: float) -> None:
        self.waits += 1
        await super().sleep(seconds)


@story
async def test_where_nothing_changes_nothing_is_done() -> None:
    clock = CountingClock()
    bench = SimulatedHardware([SimulatedConnector(clock, Random(1))], clock, BOOT)
    ears = attached(bench)
    running = asyncio.create_task(bench.run())
    await asyncio.sleep(36_000)
    assert clock.waits == 0

    bench.plug_in(1, Vehicle(MODELS[2], 20, target_percent=90))
    bench.connectors[0].offer(16)
    await asyncio.sleep(36_000)

    assert clock.waits < 8
    assert ears.heard == [("plugged_in", 1), *2 * [("supply_changed", 1)]]
    running.cancel()
    await asyncio.wait({running})


def test_it_says_in_how_long_something_changes_by_itself() -> None:
    bench = hardware()
    assert bench.next_change_s is None
    bench.advance(1_000_000)
    assert bench.next_change_s is None

    bench.plug_in(1, vehicle(soc_percent=50, target_percent=51))
    bench.connectors[0].offer(6)
    ramp_s = bench.next_change_s
    bench.advance(10)

    assert ramp_s == pytest.approx(6 * 690 / 800)
    assert bench.next_change_s == pytest.approx(500 / 0.91 * 3600 / (6 * 690), rel=0.02)


@story
async def test_an_offer_wakes_the_world() -> None:
    clock = VirtualClock()
    bench = SimulatedHardware([SimulatedConnector(clock, Random(1))], clock, BOOT)
    running = asyncio.create_task(bench.run())
    ears = attached(bench)
    bench.plug_in(1, vehicle(soc_percent=50, target_percent=51))
    await clock.sleep(100)

    bench.connectors[0].offer(32)
    await clock.sleep(600)

    assert ears.heard == [("plugged_in", 1), ("supply_changed", 1)]
    running.cancel()
    await asyncio.wait({running})


# What the charge point asks of it.


@pytest.mark.parametrize("type", ResetType)
@story
async def test_restarts_take_a_while_and_can_fail(type: ResetType) -> None:
    clock = VirtualClock()
    bench = SimulatedHardware([connector()], clock, BOOT)
    bench.failing_restarts = 1

    assert not await bench.restart(type)
    assert await bench.restart(type)

    assert clock.monotonic() > 1


@story
async def test_firmware_is_installed_and_stays(tmp_path: Path) -> None:
    store = MemoryStore()
    bench = hardware(store=store, speed=10)
    path = tmp_path / "image"
    path.write_bytes(image("2.0", b"code"))

    assert await bench.install(path)

    assert VirtualClock().monotonic() == pytest.approx(2)
    assert bench.boot_notification.firmware_version == "2.0"
    assert hardware(store=store).boot_notification.firmware_version == "2.0"
    assert hardware().boot_notification.firmware_version == "1.0"


@story
async def test_installing_can_fail(tmp_path: Path) -> None:
    bench = hardware()
    path = tmp_path / "image"
    path.write_bytes(image("2.0"))
    bench.failing_installs = 1

    assert not await bench.install(path)
    assert bench.boot_notification.firmware_version == "1.0"
    assert await bench.install(path)


@story
async def test_what_is_no_image_is_not_installed(tmp_path: Path) -> None:
    bench = hardware()
    path = tmp_path / "image"
    path.write_bytes(b"<html>")

    assert not await bench.install(path)
    assert not await bench.install(tmp_path / "missing")

    assert bench.boot_notification.firmware_version == "1.0"


def test_it_may_draw_what_its_connectors_can_unless_the_grid_gives_less() -> None:
    pair = (connector(max_current_a=16), connector(max_current_a=32))

    assert hardware(*pair).max_current_a == 48
    assert hardware(*pair, max_current_a=25).max_current_a == 25


# What breaks.


def test_the_main_fuse_trips_when_more_is_offered_than_the_grid_gives() -> None:
    bench = hardware(connector(), connector(), max_current_a=24)
    ears = attached(bench)
    for connector_id in (1, 2):
        bench.plug_in(connector_id, vehicle())
        bench.connectors[connector_id - 1].offer(16)

    bench.advance(40)
    assert [each.power_w > 0 for each in bench.connectors] == [True, True]
    bench.advance(60)

    fault = ("fault_raised", 0, ChargePointErrorCode.OVER_CURRENT_FAILURE, "main fuse", MAIN_FUSE)
    assert fault in ears.heard
    assert [each.power_w for each in bench.connectors] == [0, 0]
    assert not any(each.wants_energy for each in bench.connectors)


def test_a_fuse_that_was_put_back_in_bears_what_it_is_made_for() -> None:
    bench = hardware(connector(), connector(), max_current_a=24)
    for connector_id in (1, 2):
        bench.plug_in(connector_id, vehicle())
        bench.connectors[connector_id - 1].offer(16)
    bench.advance(100)
    assert bench.defects.has(0, ChargePointErrorCode.OVER_CURRENT_FAILURE)

    for each in bench.connectors:
        each.offer(12)
    bench.clear_fault(0)
    bench.advance(3600)

    assert list(bench.defects) == []
    assert [each.power_w for each in bench.connectors] == 2 * [pytest.approx(12 * 690)]


def test_an_overload_that_ends_in_time_trips_nothing() -> None:
    bench = hardware(connector(), connector(), max_current_a=24)
    for connector_id in (1, 2):
        bench.plug_in(connector_id, vehicle())
        bench.connectors[connector_id - 1].offer(16)
    bench.advance(50)

    bench.connectors[1].offer(8)
    bench.advance(3600)

    assert list(bench.defects) == []


def test_what_is_broken_is_told_again_to_the_next_listener() -> None:
    """A restart of the program repairs nothing."""
    bench = hardware(connector(), connector())
    bench.raise_fault(2, OTHER_ERROR, "old")
    bench.raise_fault(2, GROUND_FAILURE, "wet")
    bench.raise_fault(0, OTHER_ERROR)
    bench.raise_fault(1, OTHER_ERROR)
    bench.clear_fault(1)

    ears = attached(bench)

    assert ears.heard == [
        ("fault_raised", 0, OTHER_ERROR, "", ""),
        ("fault_raised", 2, GROUND_FAILURE, "wet", ""),
    ]


def test_of_several_faults_the_last_is_told_and_their_end_only_when_all_are_gone() -> None:
    bench = hardware()
    ears = attached(bench)
    bench.raise_fault(1, OTHER_ERROR, "first")
    bench.raise_fault(1, GROUND_FAILURE, "second")

    bench.clear_fault(1, GROUND_FAILURE)
    bench.clear_fault(1, GROUND_FAILURE)
    bench.clear_fault(1)
    bench.clear_fault(1)

    assert ears.heard == [
        ("fault_raised", 1, OTHER_ERROR, "first", ""),
        ("fault_raised", 1, GROUND_FAILURE, "second", ""),
        ("fault_raised", 1, OTHER_ERROR, "first", ""),
        ("fault_cleared", 1),
    ]


@pytest.mark.parametrize("error_code", sorted(set(ChargePointErrorCode) - {ChargePointErrorCode.NO_ERROR}))
def test_every_error_can_be_raised_and_cleared(error_code: ChargePointErrorCode) -> None:
    bench = charging(connector(), connector())
    ears = attached(bench)
    for place in (0, 1):
        bench.raise_fault(place, error_code, "info", "code")
    for place in (0, 1):
        bench.clear_fault(place)
    bench.advance(60)

    told = [each for each in ears.heard if each[0] != "supply_changed"]
    assert told == [
        *(("fault_raised", place, error_code, "info", "code") for place in (0, 1)),
        *(("fault_cleared", place) for place in (0, 1)),
    ]
    assert [each.power_w for each in bench.connectors] == 2 * [pytest.approx(11_000)]


def test_no_error_is_no_fault() -> None:
    bench = hardware()
    ears = attached(bench)

    with pytest.raises(ValueError, match="NoError"):
        bench.raise_fault(1, ChargePointErrorCode.NO_ERROR)

    assert ears.heard == []


def test_a_danger_stops_the_energy_whatever_is_offered() -> None:
    bench = charging(connector(), connector())

    bench.raise_fault(1, GROUND_FAILURE)
    bench.advance(60)
    assert [each.power_w > 0 for each in bench.connectors] == [False, True]
    assert bench.connectors[0].pilot_state is PilotState.READY
    bench.raise_fault(0, GROUND_FAILURE)

    assert [each.power_w for each in bench.connectors] == [0, 0]


def test_other_errors_leave_it_to_the_program_what_flows() -> None:
    bench = charging()

    bench.raise_fault(1, ChargePointErrorCode.WEAK_SIGNAL)

    assert bench.connectors[0].power_w > 0


def test_without_communication_the_vehicle_takes_nothing_until_it_is_back() -> None:
    bench = charging()
    ears = attached(bench)

    bench.raise_fault(1, ChargePointErrorCode.EV_COMMUNICATION_ERROR)
    assert bench.connectors[0].pilot_state is PilotState.CONNECTED
    assert bench.connectors[0].power_w == 0
    bench.clear_fault(1)
    bench.advance(60)

    assert [each[0] for each in ears.heard] == [
        "fault_raised",
        "supply_changed",
        "fault_cleared",
        "supply_changed",
    ]
    assert bench.connectors[0].power_w == pytest.approx(11_000)


@pytest.mark.parametrize("place", [0, 1])
def test_a_broken_reader_hears_nothing(place: int) -> None:
    bench = hardware(connector(), connector())
    bench.raise_fault(place, ChargePointErrorCode.READER_FAILURE)
    ears = attached(bench)
    ears.heard.clear()

    bench.tap(1, "A")
    bench.tap(2, "B")
    bench.clear_fault(place)
    bench.tap(1, "C")

    heard = [each[-1] for each in ears.heard if each[0] == "tag_presented"]
    assert heard == (["C"] if place == 0 else ["B", "C"])


def test_without_power_nothing_flows_and_readers_are_dark() -> None:
    bench = charging()
    ears = attached(bench)

    bench.cut_power()
    bench.tap(1, "A")
    register_wh = bench.connectors[0].register_wh
    bench.advance(3600)

    assert not bench.has_power
    assert ears.heard == [("supply_changed", 1)]
    assert bench.connectors[0].register_wh == register_wh
    assert bench.connectors[0].offered_a == 0


def test_when_the_power_is_back_it_takes_another_offer() -> None:
    bench = charging()
    bench.cut_power()
    bench.restore_power()
    bench.advance(60)
    assert bench.has_power
    assert bench.connectors[0].power_w == 0

    bench.connectors[0].offer(16)
    bench.advance(60)

    assert bench.connectors[0].power_w == pytest.approx(11_000)


def test_in_great_heat_a_connector_protects_itself_until_it_has_cooled_down() -> None:
    bench = charging()
    ears = attached(bench)

    bench.set_ambient(62)
    bench.advance(3600)
    assert bench.ambient_celsius == 62
    assert ears.heard == [("fault_raised", 1, ChargePointErrorCode.HIGH_TEMPERATURE, "", "")]
    assert bench.connectors[0].power_w == 0
    bench.advance(36_000)
    assert len(ears.heard) == 1
    bench.set_ambient(25)
    bench.advance(3600)

    assert ears.heard[1:] == [("fault_cleared", 1)]
    assert bench.connectors[0].power_w == pytest.approx(11_000)


def test_to_call_it_repaired_does_not_cool_it() -> None:
    bench = charging()
    bench.set_ambient(90)
    bench.advance(3600)
    ears = attached(bench)

    bench.clear_fault(1)
    bench.advance(10)

    assert [each[0] for each in ears.heard] == ["fault_raised", "fault_cleared", "fault_raised"]


def test_it_can_become_another_one() -> None:
    bench = hardware()

    bench.update(structs.replace(BOOT, charge_point_model="new"))

    assert bench.boot_notification.charge_point_model == "new"
