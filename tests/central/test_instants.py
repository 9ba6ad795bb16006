"""Instants: whole microseconds, and nothing out of range."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voltyard.central.instants import EPOCH, from_us, now_us, to_us

offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@settings(deadline=None)
@given(st.datetimes(timezones=st.just(UTC)))
def test_an_instant_becomes_the_same_moment_again(moment: datetime) -> None:
    assert from_us(to_us(moment)) == moment


@settings(deadline=None)
@given(st.datetimes(timezones=offsets))
def test_every_aware_datetime_has_an_instant_that_can_be_shown(moment: datetime) -> None:
    shown = from_us(to_us(moment))

    assert shown.tzinfo is UTC
    assert abs(shown - moment) <= timedelta(hours=14)


@pytest.mark.parametrize(
    ("moment", "instant_us"),
    [
        (EPOCH, 0),
        (datetime(1970, 1, 1, 0, 0, 0, 1, UTC), 1),
        (datetime(1969, 12, 31, 23, 59, 59, 999999, UTC), -1),
        (datetime(1970, 1, 1, 14, tzinfo=timezone(timedelta(hours=14))), 0),
    ],
)
def test_instants_count_from_1970(moment: datetime, instant_us: int) -> None:
    assert to_us(moment) == instant_us


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        (datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))), datetime(1, 1, 1, tzinfo=UTC)),
        (
            datetime(9999, 12, 31, 23, 59, 59, 999999, timezone(timedelta(hours=-14))),
            datetime(9999, 12, 31, 23, 59, 59, 999999, UTC),
        ),
    ],
)
def test_what_an_offset_moves_out_of_range_is_cut(moment: datetime, shown: datetime) -> None:
    assert from_us(to_us(moment)) == shown


def test_the_present_is_later_than_this_program_and_does_not_go_back() -> None:
    first, second = now_us(), now_us()

    assert from_us(first) > datetime(2024, 1, 1, tzinfo=UTC)
    assert second >= first
