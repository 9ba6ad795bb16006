"""What is answered to SetChargingProfile, ClearChargingProfile and GetCompositeSchedule."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from tests.chargepoint.profiles import clear, composite, install, limits
from tests.chargepoint.virtual_time import story
from tests.chargepoint.world import World, world
from tests.charging.installing import DEFAULT, EARLY, MAX, TX, A, W, profile

from voltyard.protocol.messages import (
    ChargingProfileStatus,
    ChargingRateUnit,
    ClearChargingProfileStatus,
    GetCompositeScheduleResponse,
    GetCompositeScheduleStatus,
)
from voltyard.transport.errors import CallRejected

ACCEPTED = ChargingProfileStatus.ACCEPTED
REJECTED = ChargingProfileStatus.REJECTED
CLEARED = ClearChargingProfileStatus.ACCEPTED
UNKNOWN = ClearChargingProfileStatus.UNKNOWN


async def refusal(w: World, action: str, payload: dict[str, Any]) -> str:
    """Send a call that gets a CALLERROR, and return its code."""
    with pytest.raises(CallRejected) as failed:
        await w.central.call_raw(action, json.dumps(payload).encode())
    return failed.value.code


def as_sent(**changes: Any) -> dict[str, Any]:
    """Build a TxDefaultProfile of 16 A with some properties of its schedule changed."""
    schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16}]}
    return {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": schedule | changes,
    }


class TestSetChargingProfile:
    @story
    async def test_the_maximum_of_the_charge_point_cannot_be_a_connectors(self) -> None:
        """R-326."""
        async with world() as w:
            assert await install(w, 1, profile(1, MAX, 10)) is REJECTED
            assert await limits(w) == [(0, 32)]

            assert await install(w, 0, profile(1, MAX, 10)) is ACCEPTED
            assert await limits(w) == [(0, 10)]

    @story
    async def test_a_tx_profile_needs_a_transaction(self) -> None:
        """R-327."""
        async with world() as w:
            assert await install(w, 0, profile(1, TX, 10)) is REJECTED
            assert await install(w, 1, profile(1, TX, 10)) is REJECTED
            await w.charge(2)
            assert await install(w, 1, profile(1, TX, 10)) is REJECTED
            assert await install(w, 2, profile(1, TX, 10, transaction_id=77)) is REJECTED
            assert await limits(w, 2) == [(0, 32)]

            transaction_id = w.connector(2).transaction_id
            assert await install(w, 2, profile(1, TX, 10, transaction_id=transaction_id)) is ACCEPTED
            assert await limits(w, 2) == [(0, 10)]

    @story
    async def test_the_same_purpose_and_level_is_replaced(self) -> None:
        """R-332."""
        async with world() as w:
            await install(w, 0, profile(1, periods=10))
            assert await install(w, 0, profile(2, periods=20)) is ACCEPTED

            assert await limits(w) == [(0, 20)]
            assert await clear(w, id=1) is UNKNOWN

    @story
    async def test_the_same_id_on_another_level_and_connector_is_replaced(self) -> None:
        """R-333."""
        async with world() as w:
            await install(w, 1, profile(1, periods=10, level=5))
            assert await install(w, 2, profile(1, periods=20)) is ACCEPTED

            assert await limits(w, 1) == [(0, 32)]
            assert await limits(w, 2) == [(0, 20)]

    @story
    async def test_a_first_period_that_does_not_begin_at_the_start_is_refused(self) -> None:
        """R-343."""
        async with world() as w:
            assert await install(w, 0, profile(periods={10: 16})) is REJECTED
            assert await limits(w) == [(0, 32)]

    @story
    async def test_an_unknown_unit_is_a_property_constraint_violation(self) -> None:
        """R-352."""
        async with world() as w:
            request = {"connectorId": 1, "csChargingProfiles": as_sent(chargingRateUnit="kW")}

            assert await refusal(w, "SetChargingProfile", request) == "PropertyConstraintViolation"

    @pytest.mark.parametrize("connector_id", [3, -1])
    @story
    async def test_an_unknown_connector_is_a_property_constraint_violation(self, connector_id: int) -> None:
        """R-353."""
        async with world() as w:
            request = {"connectorId": connector_id, "csChargingProfiles": as_sent()}

            assert await refusal(w, "SetChargingProfile", request) == "PropertyConstraintViolation"

    @story
    async def test_without_smart_charging_nothing_of_it_is_supported(self) -> None:
        """R-354."""
        async with world(SupportedFeatureProfiles="Core") as w:
            set_it = {"connectorId": 1, "csChargingProfiles": as_sent()}
            assert await refusal(w, "SetChargingProfile", set_it) == "NotSupported"
            assert await refusal(w, "ClearChargingProfile", {}) == "NotSupported"
            get_it = {"connectorId": 1, "duration": 60}
            assert await refusal(w, "GetCompositeSchedule", get_it) == "NotSupported"

    @pytest.mark.parametrize(("allowed", "unit", "refused"), [("Current", A, W), ("Power", W, A)])
    @story
    async def test_a_unit_that_is_not_allowed_is_refused(
        self, allowed: str, unit: ChargingRateUnit, refused: ChargingRateUnit
    ) -> None:
        """R-355."""
        async with world(ChargingScheduleAllowedChargingRateUnit=allowed) as w:
            assert await install(w, 0, profile(unit=refused)) is REJECTED
            assert await install(w, 0, profile(unit=unit)) is ACCEPTED

    @story
    async def test_the_limits_of_the_configuration_hold(self) -> None:
        """R-356."""
        async with world(
            ChargeProfileMaxStackLevel="1", ChargingScheduleMaxPeriods="2", MaxChargingProfilesInstalled="2"
        ) as w:
            assert await install(w, 0, profile(1, level=2)) is REJECTED
            assert await install(w, 0, profile(1, periods={0: 1, 1: 2, 2: 3})) is REJECTED
            assert await install(w, 0, profile(1, level=1, periods={0: 6, 60: 7})) is ACCEPTED
            assert await install(w, 0, profile(2)) is ACCEPTED
            assert await install(w, 1, profile(3)) is REJECTED
            # One that takes the place of another needs no more room.
            assert await install(w, 0, profile(3)) is ACCEPTED


class TestClearChargingProfile:
    async def prepare(self, w: World) -> None:
        await w.charge(1)
        await install(w, 0, profile(1, MAX, 30))
        await install(w, 0, profile(2, periods=20))
        await install(w, 0, profile(3, periods=19, level=1))
        await install(w, 1, profile(4, TX, 15, level=1))

    @story
    async def test_with_an_id_nothing_else_counts(self) -> None:
        """R-363."""
        async with world() as w:
            await self.prepare(w)

            everything_else_wrong = {"connector_id": 2, "charging_profile_purpose": MAX, "stack_level": 7}
            assert await clear(w, id=4, **everything_else_wrong) is CLEARED
            assert await limits(w) == [(0, 19)]
            assert await clear(w, id=4, connector_id=1) is UNKNOWN

    @story
    async def test_criteria_have_to_match_together(self) -> None:
        """R-364."""
        async with world() as w:
            await self.prepare(w)

            assert await clear(w, charging_profile_purpose=DEFAULT, stack_level=1) is CLEARED
            assert await limits(w, 2) == [(0, 20)]
            assert await clear(w, connector_id=1, stack_level=1) is CLEARED
            assert await limits(w, 1) == [(0, 20)]
            assert await clear(w, connector_id=0, charging_profile_purpose=DEFAULT) is CLEARED
            assert await limits(w, 1) == [(0, 30)]

    @story
    async def test_no_criteria_clear_everything(self) -> None:
        """R-364."""
        async with world() as w:
            await self.prepare(w)

            assert await clear(w) is CLEARED
            assert await limits(w) == [(0, 32)]

    @story
    async def test_where_nothing_matches_the_answer_is_unknown(self) -> None:
        """R-365."""
        async with world() as w:
            assert await clear(w) is UNKNOWN
            await self.prepare(w)

            assert await clear(w, id=9) is UNKNOWN
            assert await clear(w, connector_id=2) is UNKNOWN
            assert await clear(w, charging_profile_purpose=TX, stack_level=0) is UNKNOWN
            assert await limits(w) == [(0, 15)]


class TestGetCompositeSchedule:
    @story
    async def test_it_begins_when_it_is_asked_for(self) -> None:
        """R-357: in whole seconds."""
        async with world() as w:
            await install(w, 0, profile(1, periods={0: 10, 60: 20}, start=EARLY))
            await w.after(100.7)
            now = w.clock.now()

            answer = await composite(w)

            assert answer.schedule_start == now.replace(microsecond=0)

    @story
    async def test_it_repeats_what_was_asked_and_has_no_start_schedule(self) -> None:
        """R-358."""
        async with world() as w:
            await install(w, 0, profile(1, periods=10, start=EARLY))

            answer = await composite(w, 2, 600, W)

            assert answer.status is GetCompositeScheduleStatus.ACCEPTED
            assert answer.connector_id == 2
            assert answer.charging_schedule is not None
            assert answer.charging_schedule.duration == 600
            assert answer.charging_schedule.charging_rate_unit is W
            assert answer.charging_schedule.start_schedule is None
            assert [each.limit for each in answer.charging_schedule.charging_schedule_period] == [6900]

    @story
    async def test_connector_0_is_the_charge_point_as_a_whole(self) -> None:
        """R-359: the sum of what runs, at most the maximum."""
        async with world() as w:
            assert await limits(w, 0) == [(0, 64)]
            for connector_id, current_a in ((1, 20), (2, 10)):
                await w.charge(connector_id)
                await install(w, connector_id, profile(connector_id, TX, current_a))
            assert await limits(w, 0) == [(0, 30)]

            await install(w, 0, profile(3, MAX, {0: 32, 1800: 25}, start=w.clock.now()))

            assert await limits(w, 0) == [(0, 30), (1800, 25)]

    @pytest.mark.parametrize(("connector_id", "duration"), [(3, 60), (-1, 60), (1, 0)])
    @story
    async def test_what_cannot_be_told_is_rejected(self, connector_id: int, duration: int) -> None:
        """R-360: an unknown connector, and no time at all."""
        async with world() as w:
            answer = await composite(w, connector_id, duration)

            assert answer == GetCompositeScheduleResponse(status=GetCompositeScheduleStatus.REJECTED)

    @story
    async def test_an_unknown_unit_is_a_property_constraint_violation(self) -> None:
        """R-361."""
        async with world() as w:
            request = {"connectorId": 1, "duration": 60, "chargingRateUnit": "kW"}

            assert await refusal(w, "GetCompositeSchedule", request) == "PropertyConstraintViolation"

    @story
    async def test_an_allowed_unit_is_taken_when_none_was_asked_for(self) -> None:
        async with world(ChargingScheduleAllowedChargingRateUnit="Power") as w:
            answer = await composite(w, unit=None)

            assert answer.charging_schedule is not None
            assert answer.charging_schedule.charging_rate_unit is W

    @story
    async def test_it_has_no_more_periods_than_the_configuration_says(self) -> None:
        async with world(ChargingScheduleMaxPeriods="2") as w:
            now = w.clock.now().replace(microsecond=0)
            await install(w, 0, profile(1, periods={0: 10, 600: 12}, start=now))
            later = now + timedelta(seconds=1200)
            await install(w, 0, profile(2, periods=20, start=later, level=1, duration=60))

            schedule = (await composite(w)).charging_schedule

            assert schedule is not None
            assert [each.limit for each in schedule.charging_schedule_period] == [10, 12]
            assert schedule.duration == 1200
