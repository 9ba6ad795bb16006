"""When vehicles come, and for how long."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from voltyard.chargepoint.simulator.arrivals import (
    SITES,
    AlwaysCharging,
    Arrivals,
    DailyArrivals,
    SteadyArrivals,
    any_site,
)

MONDAY = datetime(2024, 5, 13, tzinfo=UTC)
SATURDAY = MONDAY + timedelta(days=5)


def arrivals_by_hour(arrivals: Arrivals, begins_at: datetime, days: int) -> Counter[int]:
    """Count who comes at which hour to connectors that are free again at once."""
    random, hours = Random(7), Counter[int]()
    for _ in range(days):
        now = begins_at
        while (now := now + timedelta(seconds=arrivals.wait_s(now, random))) < begins_at + timedelta(days=1):
            hours[now.hour] += 1
    return hours


@pytest.mark.parametrize("name", SITES)
@pytest.mark.parametrize("day", [MONDAY, SATURDAY], ids=["weekday", "weekend"])
def test_as_many_come_each_hour_as_are_expected(name: str, day: datetime) -> None:
    site, days = SITES[name], 2000
    expected = site.weekday if day is MONDAY else site.weekend

    hours = arrivals_by_hour(DailyArrivals(site), day, days)

    for hour, rate in enumerate(expected):
        assert hours[hour] == pytest.approx(rate * days, abs=5 * (rate * days) ** 0.5)


def test_homes_are_busy_in_the_evening_workplaces_in_the_morning_public_places_at_noon() -> None:
    busiest = {name: max(range(24), key=site.weekday.__getitem__) for name, site in SITES.items()}

    assert 16 <= busiest["home"] <= 20
    assert 6 <= busiest["workplace"] <= 9
    assert 11 <= busiest["public"] <= 14
    assert all(len(site.weekday) == len(site.weekend) == 24 for site in SITES.values())
    assert sum(SITES["workplace"].weekend) < sum(SITES["workplace"].weekday) / 10


def test_the_time_of_day_may_be_ahead_of_the_clock() -> None:
    at_midnight = DailyArrivals(SITES["workplace"], ahead=timedelta(hours=7))

    hours = arrivals_by_hour(at_midnight, MONDAY, 300)

    assert hours.most_common(1)[0][0] in {0, 1}


@pytest.mark.parametrize(
    "arrivals",
    [DailyArrivals(SITES["public"]), SteadyArrivals(), AlwaysCharging()],
    ids=lambda a: type(a).__name__,
)
def test_the_same_numbers_make_the_same_arrivals(arrivals: Arrivals) -> None:
    def some(seed: int) -> list[tuple[float, float, float]]:
        random = Random(seed)
        return [
            (
                arrivals.wait_s(MONDAY, random),
                arrivals.stay_s(MONDAY, random),
                arrivals.vehicle(random).soc_percent,
            )
            for _ in range(5)
        ]

    assert some(1) == some(1) != some(2)
    assert all(wait_s >= 0 and stay_s > 0 for wait_s, stay_s, _ in some(1))


def test_steady_arrivals_come_at_their_mean() -> None:
    random, arrivals = Random(1), SteadyArrivals(600.0)

    waits = [arrivals.wait_s(MONDAY, random) for _ in range(5000)]

    assert sum(waits) / len(waits) == pytest.approx(600, rel=0.1)


def test_a_load_test_charges_all_the_time() -> None:
    random, arrivals = Random(1), AlwaysCharging()
    vehicle = arrivals.vehicle(random)
    vehicle.charge(1e9)

    assert arrivals.wait_s(MONDAY, random) < 60
    assert vehicle.wants_energy


def test_sites_of_all_kinds_are_chosen() -> None:
    random = Random(1)

    chosen = Counter(any_site(random).name for _ in range(1000))

    assert set(chosen) == set(SITES)
    assert chosen["home"] > chosen["public"] > chosen["workplace"]
    assert DailyArrivals(SITES["home"]).site.name == "home"
