"""Smart charging as the central system of a story does it."""

from __future__ import annotations

from typing import Any

from tests.chargepoint.world import World
from tests.charging.installing import A

from voltyard.protocol.messages import (
    ChargingProfile,
    ChargingProfileStatus,
    ChargingRateUnit,
    ClearChargingProfile,
    ClearChargingProfileStatus,
    GetCompositeSchedule,
    GetCompositeScheduleResponse,
    SetChargingProfile,
)


async def install(w: World, connector_id: int, described: ChargingProfile) -> ChargingProfileStatus:
    request = SetChargingProfile(connector_id=connector_id, cs_charging_profiles=described)
    return (await w.central.call(request)).status


async def clear(w: World, **criteria: Any) -> ClearChargingProfileStatus:
    return (await w.central.call(ClearChargingProfile(**criteria))).status


async def composite(
    w: World, connector_id: int = 1, duration: int = 3600, unit: ChargingRateUnit | None = A
) -> GetCompositeScheduleResponse:
    return await w.central.call(
        GetCompositeSchedule(connector_id=connector_id, duration=duration, charging_rate_unit=unit)
    )


async def limits(w: World, connector_id: int = 1, duration: int = 3600) -> list[tuple[int, float]]:
    schedule = (await composite(w, connector_id, duration)).charging_schedule
    assert schedule is not None
    return [(each.start_period, float(each.limit)) for each in schedule.charging_schedule_period]
