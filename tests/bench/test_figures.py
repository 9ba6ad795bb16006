"""Statistics: percentiles, medians and ratios are what they say."""

from __future__ import annotations

import pytest
from bench.figures import Outcome, Round, percentile, ratios_to, round_of, summary_of


def outcome(messages: int, seconds: float) -> Outcome:
    return Outcome(
        acknowledged={"MeterValues": messages - 2, "StartTransaction": 1, "StopTransaction": 1},
        seconds=seconds,
        p50_ms=1.0,
        p99_ms=5.0,
        max_ms=9.0,
        lag_p99_ms=0.5,
        generator_cpu_us=20.0,
    )


def round_with(cpu_us: float, p99_ms: float = 5.0) -> Round:
    return Round(
        messages=1000,
        cpu_us=cpu_us,
        messages_per_s=100.0,
        p50_ms=1.0,
        p99_ms=p99_ms,
        max_ms=9.0,
        lag_p99_ms=0.0,
        generator_cpu_us=20.0,
    )


@pytest.mark.parametrize(
    ("percent", "expected"), [(0, 1.0), (1, 1.0), (50, 50.0), (99, 99.0), (99.1, 100.0), (100, 100.0)]
)
def test_a_percentile_is_the_value_of_the_nearest_rank(percent: float, expected: float) -> None:
    ordered = [float(value) for value in range(1, 101)]

    assert percentile(ordered, percent) == expected


def test_the_percentile_of_one_value_is_that_value_and_of_none_zero() -> None:
    assert percentile([7.0], 99) == 7.0
    assert percentile([], 99) == 0.0


def test_a_round_divides_cpu_time_and_messages_by_what_was_answered() -> None:
    measured = round_of(outcome(messages=20_000, seconds=2.0), server_cpu_s=0.5)

    assert measured.messages == 20_000
    assert measured.cpu_us == pytest.approx(25.0)
    assert measured.messages_per_s == pytest.approx(10_000)
    assert measured.p99_ms == 5.0


def test_a_summary_takes_the_median_of_each_figure_by_itself() -> None:
    rounds = [round_with(30.0, p99_ms=1.0), round_with(90.0, p99_ms=2.0), round_with(20.0, p99_ms=3.0)]

    summary = summary_of(rounds)

    assert summary.median.cpu_us == 30.0
    assert summary.median.p99_ms == 2.0
    assert summary.rounds == rounds


def test_a_ratio_is_the_other_servers_cpu_time_over_ours() -> None:
    summaries = {
        "voltyard": summary_of([round_with(20.0)]),
        "ocpp": summary_of([round_with(1000.0)]),
        "ocpp-rpc": summary_of([round_with(150.0)]),
    }

    assert ratios_to("voltyard", summaries) == {"ocpp": 50.0, "ocpp-rpc": 7.5}


def test_there_are_no_ratios_without_ours() -> None:
    assert ratios_to("voltyard", {"ocpp": summary_of([round_with(1000.0)])}) == {}
