"""How often what goes wrong, as values and as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltyard.chargepoint.simulator.fault_rates import (
    NO_FAULTS,
    Direction,
    Fault,
    FaultRate,
    NetworkFaults,
)


def test_a_text_says_what_goes_wrong_and_how_often() -> None:
    faults = NetworkFaults.parse("drop=0.01, delay-in=0.05:500ms,reorder=1e-3:1m,cut=2/h,silence-out=0.5/d")

    assert faults == NetworkFaults(
        FaultRate(fault=Fault.DROP, share=0.01),
        FaultRate(fault=Fault.DELAY, direction=Direction.IN, share=0.05, late_s=0.5),
        FaultRate(fault=Fault.REORDER, share=0.001, late_s=60),
        FaultRate(fault=Fault.CUT, per_s=2 / 3600),
        FaultRate(fault=Fault.SILENCE, direction=Direction.OUT, per_s=0.5 / 86_400),
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "expected NAME=SHARE"),
        ("drop", "expected NAME=SHARE"),
        ("drop=0.1,,cut=0.1", "expected NAME=SHARE"),
        ("drop=-1", "expected NAME=SHARE"),
        ("drop=nan", "expected NAME=SHARE"),
        ("drop=1e400", "expected NAME=SHARE"),
        ("drop=٣", "expected NAME=SHARE"),
        ("delay=0.1:2d", "expected NAME=SHARE"),
        ("x" * 10_000, "expected NAME=SHARE"),
        ("lose=0.1", "'lose' is none of drop, delay, reorder, duplicate, cut, half-open, silence"),
        ("drop=2", "drop: 2 is no share of messages"),
        ("drop=1/h", "drop: happens to messages"),
        ("cut=1001/s", "cut: 1001 times a second"),
        ("cut=0.1:2s", "cut: has no time"),
        ("cut-in=0.1", "cut: a connection is cut in both directions"),
        ("delay=0.1:0s", "delay: 0 s is not more than nothing"),
        ("delay=0.1:25h", "delay: 90000 s is not more than nothing and at most a day"),
        ("drop=0.1,drop=0.2", "drop: given twice"),
        ("drop=0.1,drop-in=0.2", "drop: given twice"),
        ("cut=0.1,cut=1/h", "cut: given twice"),
        ("drop=0.7,duplicate=0.4", "more messages than there are"),
    ],
)
def test_nonsense_is_refused_with_a_line_that_says_why(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]{1,250}$") as refused:
        NetworkFaults.parse(text)

    assert complaint in str(refused.value)


def test_a_share_and_a_rate_exclude_each_other() -> None:
    with pytest.raises(ValueError, match="exclude each other"):
        FaultRate(fault=Fault.CUT, share=0.1, per_s=0.1)


shares = st.floats(0, 0.1).map(lambda share: float(f"{share:.9f}"))
times = st.integers(1, 10_000).map(lambda milliseconds: milliseconds / 1000)


@given(st.tuples(shares, shares, times, shares, st.integers(1, 1000)))
def test_what_is_written_is_read_back(numbers: tuple[float, float, float, float, int]) -> None:
    drop, delay, late_s, silence, per_h = numbers
    faults = NetworkFaults(
        FaultRate(fault=Fault.DROP, share=drop),
        FaultRate(fault=Fault.DELAY, direction=Direction.OUT, share=delay, late_s=late_s),
        FaultRate(fault=Fault.SILENCE, share=silence),
        FaultRate(fault=Fault.HALF_OPEN, per_s=per_h / 3600),
    )

    assert NetworkFaults.parse(str(faults)) == faults
    assert hash(NetworkFaults.parse(str(faults))) == hash(faults)


def test_chance_decides_which_fault_a_message_meets() -> None:
    faults = NetworkFaults.parse("drop=0.25,delay-in=0.25,cut=0.25,silence=1/h")

    met = [
        [rate and rate.fault for rate in (faults.to_message(way, chance) for chance in (0, 0.3, 0.6, 0.99))]
        for way in (Direction.IN, Direction.OUT)
    ]

    assert met == [[Fault.DROP, Fault.DELAY, Fault.CUT, None], [Fault.DROP, Fault.CUT, None, None]]


def test_chance_decides_which_fault_happens_in_time() -> None:
    faults = NetworkFaults.parse("cut=1/m,half-open=3/m,drop=0.5")

    assert faults.per_s == pytest.approx(4 / 60)
    assert [faults.in_time(chance).fault for chance in (0, 0.24, 0.26, 0.999)] == [
        Fault.CUT,
        Fault.CUT,
        Fault.HALF_OPEN,
        Fault.HALF_OPEN,
    ]


def test_without_rates_nothing_goes_wrong() -> None:
    assert not NO_FAULTS
    assert str(NO_FAULTS) == ""
    assert NO_FAULTS.per_s == 0
    assert NO_FAULTS.to_message(Direction.IN, 0.0) is None
