"""How much may flow at a moment, and until when that holds.

A course tells the limit at any second and the next second at which it may be another one. The courses of
profiles are made into those of connectors and of the charge point, so nobody ever walks through seconds.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from math import floor
from types import MappingProxyType
from typing import Final, NamedTuple

from voltyard.charging.profiles import CHARGE_POINT, InstalledProfile, RunningTransaction
from voltyard.protocol.messages import (
    ChargingProfile,
    ChargingProfileKind,
    ChargingProfilePurpose,
    ChargingRateUnit,
    ChargingSchedule,
    ChargingSchedulePeriod,
    RecurrencyKind,
)
from voltyard.protocol.payload import Tenths

NOMINAL_VOLTAGE_V: Final = 230
"""Between a phase and neutral; units are converted with it, not with what is measured."""
USUAL_PHASES: Final = 3
"""What an absent numberPhases means (OCPP 1.6 §7.12)."""


class Circuit(NamedTuple):
    """What the wires allow: amperes per phase and on how many phases."""

    max_current_a: Decimal
    phases: int


class Limit(NamedTuple):
    """A limit in the unit that was asked for, exact.

    `phases` is how many it was meant for, `sources` are the schedules it comes from: none where only the
    hardware limits.
    """

    amount: Fraction
    phases: int
    sources: tuple[ChargingSchedule, ...] = ()

    @property
    def tenths(self) -> Tenths:
        """The limit as it is reported: rounded down, so that what is reported never exceeds it."""
        return Tenths(Decimal(floor(self.amount * 10)) / 10)


class Step(NamedTuple):
    """What profiles say from a moment on: a limit or None, and until when (None: for ever).

    Moments are seconds since 1970.
    """

    limit: Limit | None
    until: int | None


class Bound(NamedTuple):
    """What may flow from a moment on, and until when (None: for ever)."""

    limit: Limit
    until: int | None


Course = Callable[[int], Step]
BoundCourse = Callable[[int], Bound]


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """All that limits follow from.

    `circuits` begins with the charge point as a whole, its connectors follow; `running` are the transactions
    in progress by connector.
    """

    circuits: Sequence[Circuit]
    installed: Iterable[InstalledProfile]
    running: Mapping[int, RunningTransaction]


def limit_of(situation: Situation, connector_id: int, unit: ChargingRateUnit, now: int) -> BoundCourse:
    """Return what is allowed to a connector, or with 0 to all together (reference D.4).

    `now` is when a transaction is taken to start where none runs.
    """
    maximum = charge_point_maximum(situation, unit)
    if connector_id != CHARGE_POINT:
        return _least(own_limit_of(situation, connector_id, unit, now), maximum)
    connectors = [own_limit_of(situation, each, unit, now) for each in sorted(situation.running)]
    if not connectors:
        return maximum
    return _least(_total(connectors), maximum)


def own_limit_of(situation: Situation, connector_id: int, unit: ChargingRateUnit, now: int) -> BoundCourse:
    """Return what is allowed to a connector apart from what holds for all together."""
    running = situation.running.get(connector_id)
    start = now if running is None else seconds_of(running.started_at)
    # An elapsed TxProfile gives way to TxDefaultProfile: one stack upon the other.
    stack = [
        *_descending(_tx_profiles(situation, running)),
        *_descending(_default_profiles(situation, connector_id)),
    ]
    return _bounded(situation.circuits[connector_id], unit, _prevailing(stack, start, unit))


def charge_point_maximum(situation: Situation, unit: ChargingRateUnit) -> BoundCourse:
    """Return what is allowed to all connectors together."""
    profiles = [each for each in situation.installed if each.purpose is _PURPOSE.CHARGE_POINT_MAX_PROFILE]
    course = _prevailing(_descending(profiles), None, unit)
    return _bounded(situation.circuits[CHARGE_POINT], unit, course)


def seconds_of(moment: datetime) -> int:
    """Return whole seconds since 1970, rounded down."""
    return (moment - _EPOCH) // _SECOND


_PURPOSE = ChargingProfilePurpose
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = timedelta(seconds=1)
_NEVER: Final = Step(None, None)
# Elapsed time, not days of the calendar: summer time moves them by an hour (OCPP 1.6 §7.37).
_RECURRENCE_S: Final[Mapping[RecurrencyKind | None, int]] = MappingProxyType(
    {RecurrencyKind.DAILY: 86_400, RecurrencyKind.WEEKLY: 604_800}
)


# Which profiles take part.


def _tx_profiles(situation: Situation, running: RunningTransaction | None) -> list[InstalledProfile]:
    if running is None:
        return []
    return [each for each in situation.installed if each.transaction == running.key]


def _default_profiles(situation: Situation, connector_id: int) -> Iterable[InstalledProfile]:
    """Return the defaults by level; a connector's own hides that of the charge point on its level."""
    defaults = [each for each in situation.installed if each.purpose is _PURPOSE.TX_DEFAULT_PROFILE]
    of_all = {each.profile.stack_level: each for each in defaults if each.connector_id == CHARGE_POINT}
    own = {each.profile.stack_level: each for each in defaults if each.connector_id == connector_id}
    return (of_all | own).values()


def _descending(profiles: Iterable[InstalledProfile]) -> list[ChargingProfile]:
    return sorted((each.profile for each in profiles), key=lambda profile: -profile.stack_level)


# How courses are put together.


def _prevailing(profiles: Iterable[ChargingProfile], start: int | None, unit: ChargingRateUnit) -> Course:
    """Return the course of the first of the profiles that is active (OCPP 1.6 §3.13.2)."""
    courses = [_course_of(profile, start, unit) for profile in profiles]

    def at(moment: int) -> Step:
        until: int | None = None
        for course in courses:
            step = course(moment)
            until = _earliest(until, step.until)
            if step.limit is not None:
                return Step(step.limit, until)
        return Step(None, until)

    return at


def _bounded(circuit: Circuit, unit: ChargingRateUnit, course: Course) -> BoundCourse:
    hardware = Limit(
        _converted(circuit.max_current_a, circuit.phases, ChargingRateUnit.A, unit), circuit.phases
    )

    def at(moment: int) -> Bound:
        step = course(moment)
        return Bound(hardware if step.limit is None else _lesser(step.limit, hardware), step.until)

    return at


def _least(one: BoundCourse, other: BoundCourse) -> BoundCourse:
    """Return the lower of two courses at each moment (OCPP 1.6 §3.13.3)."""

    def at(moment: int) -> Bound:
        here, there = one(moment), other(moment)
        return Bound(_lesser(here.limit, there.limit), _earliest(here.until, there.until))

    return at


def _total(courses: Sequence[BoundCourse]) -> BoundCourse:
    def at(moment: int) -> Bound:
        bounds = [course(moment) for course in courses]
        limit = Limit(
            sum((bound.limit.amount for bound in bounds), Fraction()),
            max(bound.limit.phases for bound in bounds),
            tuple(source for bound in bounds for source in bound.limit.sources),
        )
        return Bound(limit, _earliest(*(bound.until for bound in bounds)))

    return at


def _lesser(one: Limit, other: Limit) -> Limit:
    return min(one, other, key=lambda limit: (limit.amount, limit.phases))


def _earliest(*moments: int | None) -> int | None:
    return min((moment for moment in moments if moment is not None), default=None)


# The course of one profile.


def _course_of(profile: ChargingProfile, transaction_start: int | None, unit: ChargingRateUnit) -> Course:
    valid_from = None if profile.valid_from is None else seconds_of(profile.valid_from)
    valid_to = None if profile.valid_to is None else seconds_of(profile.valid_to)
    start = _start_of(profile, transaction_start)
    if start is None:
        return lambda _: _NEVER
    within = _scheduled(profile, start, unit)

    def at(moment: int) -> Step:
        if valid_from is not None and moment < valid_from:
            return Step(None, valid_from)
        if valid_to is not None and moment >= valid_to:
            return _NEVER
        limit, until = within(moment)
        return Step(limit, _earliest(until, valid_to))

    return at


def _start_of(profile: ChargingProfile, transaction_start: int | None) -> int | None:
    start = profile.charging_schedule.start_schedule
    if start is None or profile.charging_profile_kind is ChargingProfileKind.RELATIVE:
        return transaction_start
    return seconds_of(start)


def _scheduled(profile: ChargingProfile, start: int, unit: ChargingRateUnit) -> Course:
    schedule = profile.charging_schedule
    recurrence_s = _RECURRENCE_S.get(profile.recurrency_kind)
    # A schedule longer than its recurrence is cut (errata 3.44).
    length_s = _earliest(schedule.duration, recurrence_s)
    starts = [period.start_period for period in schedule.charging_schedule_period]

    def at(moment: int) -> Step:
        if moment < start:
            return Step(None, start)
        elapsed_s = moment - start
        offset_s = elapsed_s if recurrence_s is None else elapsed_s % recurrence_s
        beginning = moment - offset_s
        if length_s is not None and offset_s >= length_s:
            return Step(None, None if recurrence_s is None else beginning + recurrence_s)
        index = bisect_right(starts, offset_s)
        until_s = _earliest(length_s, *starts[index : index + 1])
        limit = _limit_of(schedule.charging_schedule_period[index - 1], schedule, unit)
        return Step(limit, None if until_s is None else beginning + until_s)

    return at


def _limit_of(period: ChargingSchedulePeriod, schedule: ChargingSchedule, unit: ChargingRateUnit) -> Limit:
    phases = period.number_phases or USUAL_PHASES
    amount = _converted(period.limit, phases, schedule.charging_rate_unit, unit)
    return Limit(amount, phases, (schedule,))


def _converted(amount: Decimal, phases: int, unit: ChargingRateUnit, wanted: ChargingRateUnit) -> Fraction:
    exact = Fraction(amount)
    if unit is wanted:
        return exact
    volts = NOMINAL_VOLTAGE_V * phases
    return exact * volts if wanted is ChargingRateUnit.W else exact / volts
