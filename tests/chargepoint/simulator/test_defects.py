"""What is broken, and what it means when several things are."""

from __future__ import annotations

import pytest

from voltyard.chargepoint.simulator.defects import Defect, Defects
from voltyard.protocol.messages import ChargePointErrorCode

READER = Defect(ChargePointErrorCode.READER_FAILURE, "dark")
GROUND = Defect(ChargePointErrorCode.GROUND_FAILURE, "wet", "E-17")


def test_of_several_at_one_place_the_last_counts_then_the_one_before() -> None:
    defects = Defects()
    defects.add(1, READER)
    defects.add(1, GROUND)
    assert list(defects) == [(1, GROUND)]
    assert defects.at(1) == (READER, GROUND)

    assert defects.remove(1, ChargePointErrorCode.GROUND_FAILURE)

    assert list(defects) == [(1, READER)]


def test_a_place_is_in_order_when_the_last_is_gone() -> None:
    defects = Defects()
    defects.add(0, GROUND)
    defects.add(2, READER)
    defects.add(2, GROUND)

    assert defects.remove(2)

    assert defects.at(2) == ()
    assert list(defects) == [(0, GROUND)]
    assert defects.has(0, ChargePointErrorCode.GROUND_FAILURE, ChargePointErrorCode.WEAK_SIGNAL)
    assert not defects.has(2, ChargePointErrorCode.GROUND_FAILURE)


def test_the_same_twice_is_one_with_what_was_said_last() -> None:
    defects = Defects()
    for defect in (READER, GROUND, READER._replace(info="broken glass")):
        defects.add(1, defect)

    assert defects.at(1) == (GROUND, READER._replace(info="broken glass"))


def test_what_is_not_broken_cannot_be_repaired() -> None:
    defects = Defects()
    defects.add(1, READER)

    assert not defects.remove(2)
    assert not defects.remove(1, ChargePointErrorCode.GROUND_FAILURE)
    assert defects.at(1) == (READER,)


def test_no_error_is_nothing_that_can_break() -> None:
    defects = Defects()

    with pytest.raises(ValueError, match="NoError"):
        defects.add(1, Defect(ChargePointErrorCode.NO_ERROR))

    assert list(defects) == []
