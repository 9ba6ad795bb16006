"""Limits at one moment, and how long they hold."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from tests.charging import brute_force
from tests.charging.installing import (
    CIRCUIT,
    DAILY,
    EARLY,
    MAX,
    NOON,
    TX,
    WEEKLY,
    A,
    W,
    after,
    at,
    profile,
    running,
    situation,
)
from tests.charging.test_schedule import CONNECTORS, MONDAY, UNITS, WINDOW_S, situations

from voltyard.charging.limits import (
    Circuit,
    Limit,
    Situation,
    charge_point_maximum,
    limit_of,
    own_limit_of,
    seconds_of,
)
from voltyard.charging.profiles import InstalledProfile
from voltyard.protocol.messages import ChargingProfile, ChargingProfileKind, ChargingRateUnit

NOON_S = seconds_of(NOON)


def test_moments_are_whole_seconds_rounded_down() -> None:
    assert seconds_of(at("1970-01-01T00:01")) == 60
    assert seconds_of(after(0.9)) == NOON_S
    assert seconds_of(at("1969-12-31T23:59:59.5")) == -1


@settings(max_examples=150, deadline=None, derandomize=True)
@given(here=situations(), connector_id=CONNECTORS, unit=UNITS)
def test_a_limit_holds_until_the_moment_it_tells(
    here: Situation, connector_id: int, unit: ChargingRateUnit
) -> None:
    course = limit_of(here, connector_id, unit, seconds_of(MONDAY))
    naive = brute_force.limits(here, connector_id, MONDAY, WINDOW_S, unit)

    told = course(seconds_of(MONDAY))
    for moment, expected in enumerate(naive, seconds_of(MONDAY)):
        if moment == told.until:
            told = course(moment)
        assert course(moment).limit == told.limit
        assert (told.limit.tenths, told.limit.phases) == expected
        assert told.until is None or told.until > moment


@pytest.mark.parametrize(
    ("described", "until_s"),
    [
        (profile(start=EARLY), None),
        (profile(start=after(60)), 60),
        (profile(start=NOON, duration=90), 90),
        (profile(periods={0: 6, 30: 7}, start=NOON, duration=90), 30),
        (profile(start=EARLY, valid_from=after(10)), 10),
        (profile(start=EARLY, valid_to=after(20)), 20),
        (profile(start=EARLY, valid_to=NOON), None),
        (profile(start=EARLY, duration=90), None),
        (profile(start=NOON, recurrency=DAILY, duration=90), 90),
        (profile(start=after(-90), recurrency=DAILY, duration=90), 86_310),
        (profile(start=after(-90), recurrency=WEEKLY, duration=90), 604_710),
    ],
)
def test_the_next_moment_to_look_again_is_the_next_that_matters(
    described: ChargingProfile, until_s: int | None
) -> None:
    bound = limit_of(situation((0, described)), 1, A, NOON_S)(NOON_S)

    assert bound.until == (None if until_s is None else NOON_S + until_s)


def test_what_is_below_a_profile_without_end_is_not_looked_at() -> None:
    above, below = profile(1, level=1, start=EARLY), profile(2, periods={0: 6, 30: 7}, start=NOON)

    assert limit_of(situation((0, above), (0, below)), 1, A, NOON_S)(NOON_S).until is None


def test_a_connectors_own_limit_says_nothing_of_the_maximum_of_all() -> None:
    here = situation((0, profile(1, MAX, 8)), (1, profile(2, TX, 20)), transactions=running(1))

    assert own_limit_of(here, 1, A, NOON_S)(NOON_S).limit.amount == 20
    assert charge_point_maximum(here, A)(NOON_S).limit.amount == 8
    assert limit_of(here, 1, A, NOON_S)(NOON_S).limit.amount == 8


def test_the_wires_limit_what_profiles_allow() -> None:
    here = situation(
        (0, profile(1, MAX, 100)),
        (0, profile(2, periods=80)),
        circuits=[Circuit(Decimal(63), 3), Circuit(Decimal("16.1"), 1)],
        transactions=running(1),
    )

    assert charge_point_maximum(here, A)(NOON_S).limit == Limit(Fraction(63), 3)
    assert limit_of(here, 1, A, NOON_S)(NOON_S).limit == Limit(Fraction(161, 10), 1)
    assert limit_of(here, 1, W, NOON_S)(NOON_S).limit == Limit(Fraction(3703), 1)


@pytest.mark.parametrize(
    ("amount", "tenths"),
    [(Fraction(6000, 690), "8.6"), (Fraction(10), "10"), (Fraction(9999, 1000), "9.9"), (Fraction(0), "0")],
)
def test_limits_are_rounded_down_to_tenths(amount: Fraction, tenths: str) -> None:
    """R-362."""
    assert Limit(amount, 3).tenths == Decimal(tenths)


def test_what_has_no_start_never_acts() -> None:
    """Such a maximum cannot be installed."""
    endless = InstalledProfile(connector_id=0, profile=profile(1, MAX, 8, kind=ChargingProfileKind.RELATIVE))
    here = Situation(circuits=[CIRCUIT, CIRCUIT], installed=[endless], running={})

    bound = limit_of(here, 0, A, NOON_S)(NOON_S)

    assert bound.limit.amount == 32
    assert bound.until is None
