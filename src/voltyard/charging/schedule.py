"""The composite schedule: what a connector, or the charge point, will be limited to (OCPP 1.6 §5.7)."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from voltyard.charging.limits import (
    USUAL_PHASES,
    BoundCourse,
    Limit,
    Situation,
    limit_of,
    seconds_of,
)
from voltyard.protocol.messages import ChargingRateUnit, ChargingSchedule, ChargingSchedulePeriod
from voltyard.protocol.payload import Tenths

MOST_STEPS: Final = 1_000
"""How many steps are looked at for one schedule, so that none takes long however far it reaches."""


def composite_schedule(
    situation: Situation,
    connector_id: int,
    start: datetime,
    duration_s: int,
    unit: ChargingRateUnit | None = None,
    *,
    max_periods: int,
    usual_unit: ChargingRateUnit = ChargingRateUnit.A,
) -> ChargingSchedule:
    """Return the limits of a connector, or with 0 of all together, from `start` on, which is rounded down.

    `unit` is what was asked for; without it the unit is that of the profiles, or `usual_unit` where they
    have none or several. What takes more than `max_periods` periods, or too many steps, is cut: `duration`
    of the answer says where. It has no startSchedule (errata 3.57).
    """
    moment = seconds_of(start)

    def plan(unit: ChargingRateUnit) -> _Plan:
        return _walk(limit_of(situation, connector_id, unit, moment), moment, duration_s, max_periods)

    chosen = unit or usual_unit
    planned = plan(chosen)
    if unit is None and len(planned.units) == 1 and chosen not in planned.units:
        (chosen,) = planned.units
        planned = plan(chosen)
    return ChargingSchedule(
        duration=planned.duration_s,
        charging_rate_unit=chosen,
        charging_schedule_period=planned.periods,
        min_charging_rate=planned.min_charging_rate(chosen),
    )


class _Plan(NamedTuple):
    periods: tuple[ChargingSchedulePeriod, ...]
    duration_s: int
    sources: list[tuple[ChargingSchedule, ...]]

    @property
    def units(self) -> set[ChargingRateUnit]:
        return {source.charging_rate_unit for sources in self.sources for source in sources}

    def min_charging_rate(self, unit: ChargingRateUnit) -> Tenths | None:
        """Return the advice of the schedule that alone rules all the time, if there is one."""
        first = self.sources[0]
        is_sole = len(first) == 1 and all(sources == first for sources in self.sources)
        return first[0].min_charging_rate if is_sole and first[0].charging_rate_unit is unit else None


def _walk(course: BoundCourse, start: int, duration_s: int, max_periods: int) -> _Plan:
    """Go from step to step; equal neighbours become one period, unequal ones never."""
    periods: list[ChargingSchedulePeriod] = []
    sources: list[tuple[ChargingSchedule, ...]] = []
    offset_s = 0
    for _ in range(MOST_STEPS):
        limit, until = course(start + offset_s)
        period = _period(offset_s, limit)
        if not periods or _differs(period, periods[-1]):
            if len(periods) == max_periods:
                break
            periods.append(period)
        sources.append(limit.sources)
        offset_s = duration_s if until is None else min(until - start, duration_s)
        if offset_s == duration_s:
            break
    return _Plan(tuple(periods), offset_s, sources)


def _period(offset_s: int, limit: Limit) -> ChargingSchedulePeriod:
    return ChargingSchedulePeriod(
        start_period=offset_s,
        limit=limit.tenths,
        number_phases=None if limit.phases == USUAL_PHASES else limit.phases,
    )


def _differs(one: ChargingSchedulePeriod, other: ChargingSchedulePeriod) -> bool:
    return (one.limit, one.number_phases) != (other.limit, other.number_phases)
