"""Profiles bind what vehicles get, together and one by one, from the moment they change."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random

import pytest
from tests.chargepoint.central_system import CentralSystem
from tests.chargepoint.profiles import clear, install, limits
from tests.chargepoint.virtual_time import BEGINNING, VirtualClock, story
from tests.chargepoint.world import MODEL, TAG, World, vehicle, world
from tests.charging.installing import DAILY, DEFAULT, EARLY, MAX, TX, W, profile

from voltyard.chargepoint.clock import LOOK_S
from voltyard.chargepoint.demand import RESPONSE_S
from voltyard.chargepoint.hardware import HardwareListener
from voltyard.chargepoint.simulator import SimulatedConnector, SimulatedHardware, Vehicle
from voltyard.chargepoint.smart_charging import SETTLING_S
from voltyard.chargepoint.station import Station
from voltyard.protocol.messages import (
    BootNotification,
    ChargePointErrorCode,
    ChargePointStatus,
    ChargingProfile,
    ChargingProfileStatus,
    ClearChargingProfileStatus,
    GetCompositeSchedule,
    RemoteStartStopStatus,
    RemoteStartTransaction,
    Reset,
    ResetType,
    StartTransaction,
    StatusNotification,
    StopTransaction,
    TriggerMessage,
)

ACCEPTED = ChargingProfileStatus.ACCEPTED
CHARGING = ChargePointStatus.CHARGING
SUSPENDED_EV = ChargePointStatus.SUSPENDED_EV
SUSPENDED_EVSE = ChargePointStatus.SUSPENDED_EVSE
RAMP_S = 20
"""After this a vehicle takes what it is offered."""


def offered(w: World) -> list[float]:
    return [each.offered_a for each in w.hardware.connectors]


def powers(w: World) -> list[float]:
    return [each.power_w for each in w.hardware.connectors]


def currents(w: World) -> list[float]:
    """Return what flows, in amperes per phase of three."""
    return [power_w / 690 for power_w in powers(w)]


def second(w: World) -> datetime:
    return w.clock.now().replace(microsecond=0)


async def set_clock(w: World, ahead: timedelta) -> None:
    """Have the central system set the clock."""
    right = w.central.now
    w.central.now = lambda: right() + ahead
    await w.central.call(TriggerMessage(requested_message="Heartbeat"))
    await w.after()


async def remote_start(w: World, described: ChargingProfile, connector_id: int = 1) -> RemoteStartStopStatus:
    request = RemoteStartTransaction(id_tag=TAG, connector_id=connector_id, charging_profile=described)
    return (await w.central.call(request)).status


class TestBinding:
    @pytest.mark.parametrize(
        ("described", "limit_w"),
        [(profile(periods=10), 6900), (profile(periods=5000, unit=W), 4968)],
        ids=["amperes", "watts"],
    )
    @story
    async def test_the_power_follows_the_limit(self, described: ChargingProfile, limit_w: float) -> None:
        """5000 W are 7.2 A on each of three phases, rounded down."""
        async with world() as w:
            await w.charge()
            await w.after(RAMP_S)
            assert powers(w)[0] > 10_000

            assert await install(w, 0, described) is ACCEPTED
            await w.after(2)

            assert powers(w)[0] == pytest.approx(limit_w, rel=0.02)
            assert powers(w)[0] <= limit_w * 1.0001

    @story
    async def test_the_limit_changes_when_the_next_period_begins(self) -> None:
        async with world() as w:
            await w.charge()
            start = second(w) + timedelta(seconds=10)
            await install(w, 0, profile(periods={0: 16, 600: 8, 1200: 25}, start=start, duration=1800))
            seen = []
            for moment in (0, 600, 1200, 1800):
                # Just before and just after it.
                await w.after((start - w.clock.now()).total_seconds() + moment - 0.01)
                seen.append(offered(w)[0])
                await w.after(0.02)
                seen.append(offered(w)[0])

            assert seen == [32, 16, 16, 8, 8, 25, 25, 32]

    @story
    async def test_a_relative_profile_begins_with_each_transaction(self) -> None:
        async with world() as w:
            await install(w, 0, profile(periods={0: 6, 60: 12}))
            for connector_id in (1, 2):
                await w.charge(connector_id)
                assert offered(w)[connector_id - 1] == 6
                await w.after(61)
                assert offered(w)[connector_id - 1] == 12

    @story
    async def test_without_profiles_only_the_hardware_limits(self) -> None:
        """R-351."""
        async with world() as w:
            await w.charge()

            assert offered(w) == [32, 0]

    @story
    async def test_a_limit_of_nothing_suspends(self) -> None:
        """R-366: SuspendedEVSE and then Charging, as the central system is told."""
        async with world() as w:
            await w.charge()
            await install(w, 1, profile(1, TX, {0: 16, 60: 0, 900: 16}, start=second(w)))
            await w.after(RAMP_S)
            await w.after(60)
            assert powers(w)[0] == 0
            await w.after(900)

            assert w.reported()[-3:] == [CHARGING, SUSPENDED_EVSE, CHARGING]
            assert powers(w)[0] > 10_000

    @story
    async def test_less_than_can_be_offered_suspends(self) -> None:
        async with world() as w:
            await w.charge()
            await install(w, 0, profile(periods=5.9))
            await w.after()

            assert w.status() is SUSPENDED_EVSE
            assert offered(w) == [0, 0]

    @story
    async def test_a_clock_that_is_set_is_noticed_before_long(self) -> None:
        async with world(MeterValueSampleInterval="0") as w:
            await w.charge()
            begin = second(w) + timedelta(hours=2)
            await install(w, 0, profile(periods=10, start=begin))
            await w.after(w.central.interval_s + LOOK_S)
            assert offered(w)[0] == 32

            behind = w.clock.now
            w.central.now = lambda: behind() + timedelta(hours=3)
            await w.after(w.central.interval_s + LOOK_S)

            assert offered(w)[0] == 10

    @story
    async def test_a_clock_that_is_set_back_behind_a_profile_is_noticed_too(self) -> None:
        async with world() as w:
            await w.charge()
            await install(w, 0, profile(periods=10, start=second(w)))
            await set_clock(w, timedelta(hours=-1))
            await w.after(LOOK_S)

            assert offered(w)[0] == 32

    @pytest.mark.parametrize("hours", [-3, 3])
    @story
    async def test_a_transaction_is_as_old_as_it_is_whatever_the_clock_says(self, hours: int) -> None:
        async with world() as w:
            await w.charge()
            await install(w, 1, profile(purpose=TX, periods={0: 10, 600: 16, 1200: 8}))
            await w.after(300)
            await set_clock(w, timedelta(hours=hours))
            seen = []
            for _ in range(5):
                await w.after(LOOK_S + 150)
                seen.append(offered(w)[0])

            assert seen == [10, 16, 16, 16, 8]
            assert await limits(w) == [(0, 8.0)]


class TestProfiles:
    @story
    async def test_a_new_default_counts_for_a_transaction_that_runs(self) -> None:
        """R-347: without a profile, with a default, but not with one of its own."""
        async with world() as w:
            await w.charge(1)
            await w.charge(2)
            await install(w, 2, profile(9, TX, 20))
            await install(w, 0, profile(1, periods=16))
            assert offered(w) == [16, 20]

            await install(w, 0, profile(2, periods=8))

            assert offered(w) == [8, 20]

    @story
    async def test_a_transaction_goes_on_without_the_default_that_is_cleared(self) -> None:
        """R-348."""
        async with world() as w:
            await install(w, 0, profile(1, periods=8))
            await w.charge()
            assert offered(w)[0] == 8

            assert await clear(w, id=1) is ClearChargingProfileStatus.ACCEPTED

            assert offered(w)[0] == 32
            assert w.central.requests(StopTransaction) == []

    @story
    async def test_a_tx_profile_ends_with_its_transaction(self) -> None:
        """R-331."""
        async with world() as w:
            await w.charge()
            await install(w, 1, profile(1, TX, 8))
            w.hardware.unplug(1)
            await w.after(5)
            assert await limits(w) == [(0, 32)]
            assert await clear(w, id=1) is ClearChargingProfileStatus.UNKNOWN

            await w.charge()

            assert offered(w)[0] == 32

    @story
    async def test_offline_a_tx_profile_holds_until_its_transaction_ends(self) -> None:
        """R-350: and the next transaction uses what is stored."""
        async with world() as w:
            await install(w, 0, profile(1, periods=20))
            await w.charge()
            await install(w, 1, profile(2, TX, {0: 16, 3600: 8}))
            w.central.go_offline()
            await w.after(60)
            assert offered(w)[0] == 16
            await w.after(3600)
            assert offered(w)[0] == 8

            w.hardware.unplug(1)
            await w.after()
            await w.charge()

            assert offered(w)[0] == 20

    @pytest.mark.parametrize("type", ResetType)
    @story
    async def test_profiles_survive_a_reset(self, type: ResetType) -> None:
        """R-349: those of transactions end with these."""
        async with world() as w:
            await install(w, 0, profile(1, MAX, 25))
            await install(w, 1, profile(2, periods=10, start=EARLY, recurrency=DAILY))
            await w.charge()
            await install(w, 1, profile(3, TX, 7, level=2))
            notified = len(w.central.requests(StatusNotification))
            await w.central.call(Reset(type=type))
            await w.central.until(StatusNotification, notified + 4)
            await w.after(30)

            assert await limits(w, 1) == [(0, 10)]
            assert await limits(w, 0) == [(0, 25)]
            assert await clear(w, id=3) is ClearChargingProfileStatus.UNKNOWN

    @story
    async def test_profiles_survive_a_restart_of_the_program(self, tmp_path: Path) -> None:
        """R-349."""
        async with world(state=tmp_path) as w:
            await install(w, 1, profile(2, periods=10))

        async with world(state=tmp_path) as w:
            await w.charge()
            assert await limits(w) == [(0, 10)]
            assert offered(w)[0] == 10

    @story
    async def test_without_smart_charging_what_was_installed_once_does_not_bind(self, tmp_path: Path) -> None:
        async with world(state=tmp_path) as w:
            await install(w, 1, profile(2, periods=10))

        async with world(state=tmp_path, SupportedFeatureProfiles="Core") as w:
            await w.charge()
            assert offered(w)[0] == 32


class TestRemoteStart:
    @story
    async def test_its_profile_is_that_of_the_transaction(self) -> None:
        """R-261: instead of the default."""
        async with world() as w:
            await install(w, 0, profile(1, periods=20))
            w.hardware.plug_in(1, vehicle())

            assert await remote_start(w, profile(2, TX, {0: 16, 600: 10})) is RemoteStartStopStatus.ACCEPTED
            await w.after()

            assert await limits(w, duration=300) == [(0, 16)]
            assert offered(w)[0] == 16
            await w.after(600)
            assert offered(w)[0] == 10

    @story
    async def test_its_profile_waits_for_the_plug_as_long_as_the_authorization(self) -> None:
        async with world(ConnectionTimeOut="60") as w:
            await remote_start(w, profile(2, TX, 10))
            await w.after(50)
            assert await limits(w) == [(0, 32)]
            w.hardware.plug_in(1, vehicle())
            await w.after()
            assert offered(w)[0] == 10

            await remote_start(w, profile(3, TX, 10), connector_id=2)
            await w.after(61)
            await w.charge(2)

            assert offered(w)[1] == 32

    @pytest.mark.parametrize("is_asked", ["true", "false"])
    @story
    async def test_a_later_profile_of_its_transaction_and_level_replaces_it(self, is_asked: str) -> None:
        """R-264: by the transactionId that is known by then; another level stacks."""
        async with world(AuthorizeRemoteTxRequests=is_asked) as w:
            w.hardware.plug_in(1, vehicle())
            await remote_start(w, profile(1, TX, 16, level=1))
            await w.central.until(StartTransaction)
            await w.after()
            transaction_id = w.connector().transaction_id
            assert transaction_id is not None

            below = profile(2, TX, 12, transaction_id=transaction_id)
            assert await install(w, 1, below) is ACCEPTED
            assert offered(w)[0] == 16
            same = profile(3, TX, 10, level=1, transaction_id=transaction_id)
            assert await install(w, 1, same) is ACCEPTED

            assert offered(w)[0] == 10
            assert await clear(w, id=1) is ClearChargingProfileStatus.UNKNOWN

    @pytest.mark.parametrize(
        "described",
        [
            profile(1, DEFAULT, 10),
            profile(1, MAX, 10),
            profile(1, TX, 10, transaction_id=5),
            profile(1, TX, {5: 10}),
            profile(1, TX, 10, valid_to=BEGINNING),
        ],
        ids=["default", "maximum", "with a transaction", "without a start", "not valid any more"],
    )
    @story
    async def test_a_profile_that_cannot_be_that_of_a_transaction_is_refused(
        self, described: ChargingProfile
    ) -> None:
        """R-262."""
        async with world() as w:
            w.hardware.plug_in(1, vehicle())

            assert await remote_start(w, described) is RemoteStartStopStatus.REJECTED
            await w.after(5)

            assert w.central.requests(StartTransaction) == []

    @story
    async def test_without_smart_charging_its_profile_is_ignored(self) -> None:
        """R-263: whatever it is."""
        async with world(SupportedFeatureProfiles="Core") as w:
            w.hardware.plug_in(1, vehicle())

            assert await remote_start(w, profile(1, DEFAULT, 10)) is RemoteStartStopStatus.ACCEPTED
            await w.after()

            assert offered(w)[0] == 32

    @story
    async def test_a_profile_that_is_cleared_does_not_come_back(self) -> None:
        async with world() as w:
            w.hardware.plug_in(1, vehicle())
            await remote_start(w, profile(2, TX, 10))
            await w.after()

            await clear(w)
            await w.charge(2)

            assert offered(w) == [32, 32]


class TestSharing:
    @story
    async def test_what_all_may_draw_is_shared_among_those_that_want_energy(self) -> None:
        """R-338."""
        async with world(connectors=3) as w:
            await install(w, 0, profile(1, MAX, 32))
            await w.charge(1)
            assert offered(w) == [32, 0, 0]
            await w.charge(2)
            assert offered(w) == [16, 16, 0]
            await install(w, 2, profile(2, TX, 8))
            assert offered(w) == [24, 8, 0]
            await w.charge(3)
            assert offered(w) == [12, 8, 12]

            w.hardware.unplug(1)
            await w.after()

            assert offered(w) == [0, 8, 24]

    @story
    async def test_watts_for_all_are_shared_too(self) -> None:
        async with world() as w:
            await install(w, 0, profile(1, MAX, 11_000, unit=W))
            for connector_id in (1, 2):
                await w.charge(connector_id)
            await w.after(RAMP_S)

            assert offered(w) == [7.9, 8.0]
            assert 10_000 < sum(powers(w)) <= 11_000

    @story
    async def test_a_vehicle_that_is_full_leaves_its_share_to_the_others(self) -> None:
        async with world() as w:
            await install(w, 0, profile(1, MAX, 20))
            w.hardware.plug_in(1, vehicle(soc_percent=79.9, target_percent=80))
            w.hardware.tap(1, TAG)
            await w.after()
            await w.charge(2)
            assert offered(w) == [10, 10]

            await w.after(120)

            assert offered(w) == [0, 20]
            assert w.status(2) is CHARGING

    @story
    async def test_a_sole_vehicle_that_is_full_is_still_offered_energy(self) -> None:
        async with world() as w:
            w.hardware.plug_in(1, vehicle(soc_percent=80, target_percent=80))
            w.hardware.tap(1, TAG)
            await w.after(RESPONSE_S + 5)

            assert w.status() is SUSPENDED_EV
            assert offered(w)[0] == 32

    @story
    async def test_a_faulted_connector_leaves_its_share_until_it_is_repaired(self) -> None:
        async with world() as w:
            await install(w, 0, profile(1, MAX, 20))
            for connector_id in (1, 2):
                await w.charge(connector_id)
            w.hardware.raise_fault(1, ChargePointErrorCode.GROUND_FAILURE)
            await w.after()
            assert offered(w) == [0, 20]

            w.hardware.clear_fault(1)
            await w.after()

            assert offered(w) == [10, 10]

    @story
    async def test_who_came_first_charges_when_there_is_not_enough_for_all(self) -> None:
        async with world(connectors=3) as w:
            for connector_id in (2, 1, 3):
                await w.charge(connector_id)
            await install(w, 0, profile(1, MAX, 13))
            await w.after()
            assert offered(w) == [6.5, 6.5, 0]
            assert w.status(3) is SUSPENDED_EVSE

            w.hardware.unplug(2)
            await w.after()

            assert offered(w) == [6.5, 0, 6.5]
            assert w.status(3) is CHARGING

    @story
    async def test_a_cable_out_of_the_vehicle_leaves_its_share_until_it_is_in_again(self) -> None:
        async with world(StopTransactionOnEVSideDisconnect="false") as w:
            await install(w, 0, profile(1, MAX, 20))
            for connector_id in (1, 2):
                await w.charge(connector_id)
            w.hardware.unplug_at_vehicle(1)
            await w.after()
            assert offered(w) == [0, 20]

            w.hardware.plug_in(1, vehicle())
            await w.after()

            assert offered(w) == [10, 10]

    @story
    async def test_a_vehicle_that_stays_silent_loses_its_share_until_it_asks(self) -> None:
        slow = replace(MODEL, reaction_s=RESPONSE_S + 30)
        async with world() as w:
            await install(w, 0, profile(1, MAX, 20))
            await w.charge(1)
            w.hardware.plug_in(2, Vehicle(slow, 20))
            w.hardware.tap(2, TAG)
            await w.after()
            assert offered(w) == [10, 10]

            await w.after(RESPONSE_S)
            assert offered(w) == [20, 0]

            await w.after(30)
            assert offered(w) == [10, 10]

    @story
    async def test_all_together_draw_no_more_than_the_grid_gives(self) -> None:
        """R-338: also without any profile."""
        async with station(max_current_a=20) as (hardware, central):
            hardware.charge(1)
            await asyncio.sleep(1)
            assert hardware.offered_a == [20, 0]
            hardware.charge(2)
            await asyncio.sleep(1)
            assert hardware.offered_a == [10, 10]

            request = GetCompositeSchedule(connector_id=1, duration=60, charging_rate_unit=W)
            schedule = (await central.call(request)).charging_schedule
            assert schedule is not None
            # On its two phases.
            assert [each.limit for each in schedule.charging_schedule_period] == [9200]
            assert [each.number_phases for each in schedule.charging_schedule_period] == [2]

    @story
    async def test_hardware_may_answer_an_offer_at_once(self) -> None:
        async with station(max_current_a=20) as (hardware, _):
            # It gives up on little: what the other one got with it in mind is not the last word.
            hardware.answering[1].gives_up_below_a = 15
            hardware.charge(1)
            hardware.charge(2)
            await asyncio.sleep(1 + SETTLING_S)

            assert hardware.offered_a == [20, 0]

    @story
    async def test_the_load_never_exceeds_what_all_may_draw(self) -> None:
        """R-338: vehicles come and go, profiles come and go, for a while, second by second."""
        random = Random(338)
        steps = {offset: random.choice((0, 5, 8, 14, 23.5, 40, 64)) for offset in range(0, 1800, 47)}
        async with world(connectors=4) as w:
            start = second(w) + timedelta(seconds=1)
            await install(w, 0, profile(1, MAX, 40))
            # More periods than one profile may have are no matter: the second half is another profile's.
            await install(w, 0, profile(2, MAX, steps, level=1, start=start))
            peak_a = 0.0
            for _ in range(1800):
                await w.after((second(w) - w.clock.now()).total_seconds() + 1.25)
                happen(w, random)
                if random.random() < 0.05:
                    limit_a = random.choice((0, 6, 10, 16, 32))
                    await install(w, random.randrange(5), profile(random.randrange(3, 8), periods=limit_a))
                age_s = (w.clock.now() - start).total_seconds()
                caps = [limit for offset, limit in steps.items() if offset <= age_s]
                earlier = [limit for offset, limit in steps.items() if offset <= age_s - 1]
                assert sum(offered(w)) <= caps[-1]
                # What flows is looked at each second: it falls with the next look.
                flowing_a = sum(currents(w))
                assert flowing_a <= max(caps[-1], (earlier or [40])[-1]) * 1.001
                peak_a = max(peak_a, flowing_a)
            assert peak_a > 30


def happen(w: World, random: Random) -> None:
    """Have somebody come or go now and then."""
    if random.random() >= 0.08:
        return
    connector_id = random.randrange(1, 5)
    if w.hardware.connectors[connector_id - 1].is_plugged:
        w.hardware.unplug(connector_id)
    else:
        w.hardware.plug_in(
            connector_id, vehicle(soc_percent=random.choice((20, 70, 79.9)), target_percent=80)
        )
        w.hardware.tap(connector_id, TAG)


class AnsweringConnector(SimulatedConnector):
    """Hardware that asks and ceases to ask in the very moment of an offer."""

    def __init__(self, clock: VirtualClock, hears: Callable[[], None]) -> None:
        super().__init__(clock, Random(1), phases=2)
        self.gives_up_below_a = 0.0
        self._hears = hears
        self._has_given_up = False

    @property
    def wants_energy(self) -> bool:
        return super().wants_energy and not self._has_given_up

    def offer(self, current_a: float) -> None:
        super().offer(current_a)
        self._has_given_up |= 0 < current_a < self.gives_up_below_a
        self._hears()


class AnsweringHardware(SimulatedHardware):
    """Two connectors that tell of what happens at an offer before it returns."""

    def __init__(self, max_current_a: float) -> None:
        clock = VirtualClock()
        self.told: HardwareListener | None = None
        self.clock = clock
        self.answering = [AnsweringConnector(clock, partial(self._tell_of, each)) for each in (1, 2)]
        boot_notification = BootNotification(charge_point_vendor="V", charge_point_model="M")
        super().__init__(self.answering, clock, boot_notification, max_current_a=max_current_a)

    @property
    def offered_a(self) -> list[float]:
        return [each.offered_a for each in self.answering]

    def attach(self, listener: HardwareListener | None) -> None:
        super().attach(listener)
        self.told = listener

    def charge(self, connector_id: int) -> None:
        """Plug in and tap."""
        self.plug_in(connector_id, vehicle())
        self.tap(connector_id, TAG)

    def _tell_of(self, connector_id: int) -> None:
        if self.told is not None:
            self.told.supply_changed(connector_id)


@asynccontextmanager
async def station(max_current_a: float) -> AsyncIterator[tuple[AnsweringHardware, CentralSystem]]:
    """Run a charge point on answering hardware."""
    hardware = AnsweringHardware(max_current_a)
    central = CentralSystem(hardware.clock.now)
    running = asyncio.create_task(Station(hardware, central.stay_connected, clock=hardware.clock).run())
    try:
        await central.until(StatusNotification, 3, within_s=60)
        yield hardware, central
    finally:
        running.cancel()
        await asyncio.wait({running})
