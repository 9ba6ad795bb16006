"""What is collected for a StopTransaction stays small and spread out, and keeps its beginning and its end."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.chargepoint.virtual_time import BEGINNING

from voltyard.chargepoint.collection import KIND, MAX_BYTES, Collection, Series, restore
from voltyard.chargepoint.store import Change, MemoryStore
from voltyard.protocol.messages import MeterValue, ReadingContext, SampledValue

TX = "tx"
SAMPLED, ALIGNED, INTERRUPTION = Series


def value(number: int, text: str | None = None) -> MeterValue:
    sample = SampledValue(value=text or str(number), context=ReadingContext.SAMPLE_PERIODIC)
    return MeterValue(
        timestamp=BEGINNING + timedelta(seconds=number, microseconds=123), sampled_value=(sample,)
    )


def numbers(values: Iterable[MeterValue]) -> list[int]:
    return [int((each.timestamp - BEGINNING).total_seconds()) for each in values]


class Kept:
    """A collection and the store that its changes go to."""

    def __init__(self, max_values: int = 0) -> None:
        self.store = MemoryStore()
        self.collection = Collection(TX, max_values)

    def commit(self, changes: Iterable[Change]) -> None:
        self.store.commit(*changes)

    def add(self, *values: MeterValue, series: Series = SAMPLED, is_sequel: bool = False) -> None:
        self.commit(self.collection.add(series, values, is_sequel=is_sequel))

    def fill(self, count: int) -> None:
        self.commit(self.collection.begin(value(0)))
        for number in range(1, count + 1):
            self.add(value(number))
            self.commit(self.collection.update(value(number)))

    def restarted(self) -> Collection:
        return restore(self.store.read(KIND))[TX]


def test_everything_is_there_in_order() -> None:
    kept = Kept()
    kept.fill(3)

    finished = kept.collection.finish(value(99))

    assert finished == (value(0), value(1), value(2), value(3), value(99))


@pytest.mark.parametrize(
    ("max_values", "expected"),
    [
        (0, [*range(101)]),
        (4, [0, 64]),
        (10, [0, *range(16, 97, 16)]),
        (3, [0, 64]),
        (2, [0]),
        (1, [0]),
    ],
)
def test_only_what_lies_between_is_thinned_out_and_evenly(max_values: int, expected: list[int]) -> None:
    """R-245."""
    kept = Kept(max_values)
    kept.fill(100)

    finished = kept.collection.finish(value(999))

    assert numbers(finished) == [*expected, 999]


def test_what_is_thinned_out_is_gone_from_the_store_too() -> None:
    kept = Kept(10)
    kept.fill(10_000)

    # Begin, what lies between, and the latest.
    assert len(kept.store.read(KIND)) <= 10
    assert kept.restarted().finish() == kept.collection.finish(value(10_000))


def test_large_values_are_thinned_out_before_the_message_gets_too_large() -> None:
    kept = Kept(200)
    kept.commit(kept.collection.begin(value(0)))
    for number in range(1, 201):
        kept.add(value(number, "x" * 1000))

    size = sum(map(len, kept.store.read(KIND).values()))

    assert MAX_BYTES / 3 < size <= MAX_BYTES


def test_a_beginning_larger_than_everything_is_allowed_to_be_leaves_no_room_for_the_rest() -> None:
    kept = Kept()
    kept.commit(kept.collection.begin(value(0, "x" * MAX_BYTES)))
    kept.add(value(1))

    assert numbers(kept.collection.finish(value(2))) == [0, 2]


def test_the_series_with_the_most_values_is_thinned_out_first() -> None:
    kept = Kept(12)
    for number in range(1, 91):
        kept.add(value(number))
        if number % 30 == 0:
            kept.add(value(number), series=ALIGNED)

    assert [each for each in numbers(kept.collection.finish(value(99))) if each % 30 == 0] == [30, 60, 90]


def test_values_that_came_together_stay_and_go_together() -> None:
    kept = Kept(9)
    for number in range(10, 200, 10):
        kept.add(value(number), value(number + 1), series=ALIGNED)

    finished = numbers(kept.collection.finish(value(999)))[:-1]

    assert finished
    assert [each + 1 for each in finished[::2]] == finished[1::2]


def test_both_ends_of_an_interruption_stay_or_go() -> None:
    kept = Kept(8)
    for number in range(10, 300, 10):
        kept.add(value(number), series=INTERRUPTION)
        kept.add(value(number + 1), series=INTERRUPTION, is_sequel=True)

    finished = numbers(kept.collection.finish(value(999)))[:-1]

    assert finished
    assert [each + 1 for each in finished[::2]] == finished[1::2]


def test_an_end_without_its_beginning_can_go_like_everything_else() -> None:
    kept = Kept(1)

    kept.add(value(1), series=INTERRUPTION, is_sequel=True)

    assert numbers(kept.collection.finish(value(2))) == [2]


def test_after_a_restart_what_was_known_last_is_the_end() -> None:
    kept = Kept()
    kept.fill(3)

    assert numbers(kept.restarted().finish()) == [0, 1, 2, 3, 3]
    assert kept.restarted().finish()[0] == value(0)


def test_whoever_forgets_leaves_nothing_in_the_store() -> None:
    kept = Kept()
    kept.fill(5)
    kept.commit(Collection("other", 0).begin(value(7)))

    kept.commit(kept.restarted().forget())

    assert list(restore(kept.store.read(KIND))) == ["other"]


@given(
    st.integers(1, 40),
    st.lists(
        st.tuples(
            st.sampled_from(Series), st.integers(1, 3), st.booleans(), st.sampled_from(["", "x" * 3000])
        ),
        max_size=150,
    ),
)
def test_whatever_comes_it_fits(max_values: int, readings: list[tuple[Series, int, bool, str]]) -> None:
    """R-245."""
    kept = Kept(max_values)
    kept.commit(kept.collection.begin(value(0)))
    for number, (series, count, is_sequel, text) in enumerate(readings, 1):
        kept.add(*(value(number, text) for _ in range(count)), series=series, is_sequel=is_sequel)
        assert sum(map(len, kept.store.read(KIND).values())) <= MAX_BYTES

    finished = kept.collection.finish(value(999))

    assert len(finished) <= max(2, max_values)
    assert numbers(finished)[0] == 0
    assert numbers(finished)[-1] == 999
    assert numbers(finished) == sorted(numbers(finished))
    assert kept.restarted().finish() == finished[:-1]
