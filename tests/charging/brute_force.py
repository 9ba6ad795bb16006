"""Limits second by second, straight from the specification's words and without a thought for speed.

It shares nothing with the code it is held against but the messages. Moments are date-times, each second is
looked at on its own, and every question is answered by going through all profiles.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from voltyard.charging.limits import Situation
from voltyard.charging.profiles import InstalledProfile
from voltyard.protocol.messages import (
    ChargingProfileKind,
    ChargingProfilePurpose,
    ChargingRateUnit,
    ChargingSchedulePeriod,
    RecurrencyKind,
)

VOLTS = 230
Amount = tuple[Fraction, int]
"""A limit in the wanted unit, and for how many phases."""


def limits(
    situation: Situation,
    connector_id: int,
    start: datetime,
    duration_s: int,
    unit: ChargingRateUnit,
    every_s: int = 1,
) -> list[tuple[Decimal, int]]:
    """Return the limit, rounded down to tenths, and the phases at each second."""
    start = start.replace(microsecond=0)
    answers = []
    for second in range(0, duration_s, every_s):
        t = start + timedelta(seconds=second)
        if connector_id == 0:
            amount, phases = _of_charge_point(situation, start, t, unit)
        else:
            candidates = [_of_connector(situation, connector_id, start, t, unit)]
            candidates += _maximum(situation, t, unit)
            amount, phases = min(candidates)
        answers.append((Decimal(amount.numerator * 10 // amount.denominator) / 10, phases))
    return answers


def _of_charge_point(situation: Situation, x: datetime, t: datetime, unit: ChargingRateUnit) -> Amount:
    wires = situation.circuits[0]
    candidates = [_convert(wires.max_current_a, wires.phases, ChargingRateUnit.A, unit)]
    candidates += _maximum(situation, t, unit)
    parts = [_of_connector(situation, connector, x, t, unit) for connector in situation.running]
    if parts:
        candidates.append((sum((amount for amount, _ in parts), Fraction(0)), max(n for _, n in parts)))
    return min(candidates)


def _of_connector(
    situation: Situation, connector: int, x: datetime, t: datetime, unit: ChargingRateUnit
) -> Amount:
    wires = situation.circuits[connector]
    candidates = [_convert(wires.max_current_a, wires.phases, ChargingRateUnit.A, unit)]
    transaction = situation.running.get(connector)
    begin = x if transaction is None else transaction.started_at.replace(microsecond=0)

    # The TxProfile of the transaction, and if none is active the TxDefaultProfile.
    mine = [
        one
        for one in situation.installed
        if one.purpose == ChargingProfilePurpose.TX_PROFILE
        and transaction is not None
        and one.connector_id == connector
        and one.transaction == transaction.key
    ]
    chosen = _prevailing(mine, begin, t)
    if chosen is None:
        chosen = _prevailing(_defaults(situation, connector), begin, t)
    if chosen is not None:
        candidates.append(_of_period(*chosen, unit))
    return min(candidates)


def _defaults(situation: Situation, connector: int) -> list[InstalledProfile]:
    result = []
    for one in situation.installed:
        if one.purpose != ChargingProfilePurpose.TX_DEFAULT_PROFILE:
            continue
        is_hidden = any(
            other.purpose == ChargingProfilePurpose.TX_DEFAULT_PROFILE
            and other.connector_id == connector
            and other.profile.stack_level == one.profile.stack_level
            for other in situation.installed
        )
        if one.connector_id == connector or (one.connector_id == 0 and not is_hidden):
            result.append(one)
    return result


def _maximum(situation: Situation, t: datetime, unit: ChargingRateUnit) -> list[Amount]:
    caps = [
        one for one in situation.installed if one.purpose == ChargingProfilePurpose.CHARGE_POINT_MAX_PROFILE
    ]
    chosen = _prevailing(caps, None, t)
    return [] if chosen is None else [_of_period(*chosen, unit)]


def _prevailing(
    profiles: list[InstalledProfile], begin: datetime | None, t: datetime
) -> tuple[InstalledProfile, ChargingSchedulePeriod] | None:
    """Return the active profile of the highest stack level with its period."""
    best: tuple[InstalledProfile, ChargingSchedulePeriod] | None = None
    for one in profiles:
        period = _active_period(one, begin, t)
        if period is not None and (best is None or one.profile.stack_level > best[0].profile.stack_level):
            best = one, period
    return best


def _active_period(
    one: InstalledProfile, begin: datetime | None, t: datetime
) -> ChargingSchedulePeriod | None:
    profile = one.profile
    schedule = profile.charging_schedule
    if profile.valid_from is not None and t < profile.valid_from.replace(microsecond=0):
        return None
    if profile.valid_to is not None and t >= profile.valid_to.replace(microsecond=0):
        return None
    start = schedule.start_schedule
    if start is None or profile.charging_profile_kind == ChargingProfileKind.RELATIVE:
        start = begin
    if start is None or t < start.replace(microsecond=0):
        return None
    elapsed = t - start.replace(microsecond=0)
    if profile.charging_profile_kind == ChargingProfileKind.RECURRING:
        is_daily = profile.recurrency_kind == RecurrencyKind.DAILY
        recurrence = timedelta(days=1) if is_daily else timedelta(days=7)
        while elapsed >= recurrence:
            elapsed -= recurrence
    if schedule.duration is not None and elapsed >= timedelta(seconds=schedule.duration):
        return None
    ruling = None
    for period in schedule.charging_schedule_period:
        if elapsed >= timedelta(seconds=period.start_period):
            ruling = period
    return ruling


def _of_period(one: InstalledProfile, period: ChargingSchedulePeriod, unit: ChargingRateUnit) -> Amount:
    phases = 3 if period.number_phases is None else period.number_phases
    return _convert(period.limit, phases, one.profile.charging_schedule.charging_rate_unit, unit)


def _convert(limit: Decimal, phases: int, unit: ChargingRateUnit, wanted: ChargingRateUnit) -> Amount:
    if unit == wanted:
        return Fraction(limit), phases
    if wanted == ChargingRateUnit.W:
        return Fraction(limit) * VOLTS * phases, phases
    return Fraction(limit) / VOLTS / phases, phases
