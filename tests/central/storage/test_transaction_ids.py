"""Transaction ids: int32 above 0, never twice, and one does not tell the next."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voltyard.central.storage.transaction_ids import MAX_TRANSACTION_ID, TransactionIds

KEY = bytes(range(32))
counts = st.integers(1, MAX_TRANSACTION_ID)


def test_ten_thousand_ids_are_positive_different_and_not_in_order() -> None:
    """R-162, G-S6: unique over the system, never 0 or -1, not to be enumerated."""
    ids = [TransactionIds(KEY).issue(count) for count in range(1, 10_001)]

    assert len(set(ids)) == 10_000
    assert min(ids) >= 1
    assert max(ids) <= MAX_TRANSACTION_ID == 2**31 - 1
    steps = {later - earlier for earlier, later in pairwise(ids)}
    assert len(steps) > 9_900
    assert sum(abs(step) < 1000 for step in steps) < 10
    assert 4_000 < sum(earlier < later for earlier, later in pairwise(ids)) < 6_000


@settings(deadline=None)
@given(st.binary(min_size=16, max_size=64), st.sets(counts, min_size=2, max_size=50))
def test_no_two_counts_share_an_id_whatever_the_key(key: bytes, some: set[int]) -> None:
    ids = TransactionIds(key)

    issued = {ids.issue(count) for count in some}

    assert len(issued) == len(some)
    assert all(1 <= id <= MAX_TRANSACTION_ID for id in issued)


@settings(deadline=None)
@given(counts)
def test_the_key_decides_which_id_a_count_has(count: int) -> None:
    assert TransactionIds(KEY).issue(count) == TransactionIds(KEY).issue(count)
    others = {TransactionIds(bytes([number]) * 32).issue(count) for number in range(4)}
    assert len(others) > 1


@pytest.mark.parametrize("count", [1, 2, MAX_TRANSACTION_ID - 1, MAX_TRANSACTION_ID])
def test_the_first_and_the_last_transaction_have_an_id(count: int) -> None:
    assert 1 <= TransactionIds(KEY).issue(count) <= MAX_TRANSACTION_ID


@pytest.mark.parametrize("count", [-1, 0, MAX_TRANSACTION_ID + 1])
def test_there_are_no_more_ids_than_int32_holds(count: int) -> None:
    with pytest.raises(OverflowError):
        TransactionIds(KEY).issue(count)
