"""Who comes to a connector, when, and for how long: by the time of day, steadily, or without a pause."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from types import MappingProxyType
from typing import Final, Protocol

from voltyard.chargepoint.simulator.dice import Chance
from voltyard.chargepoint.simulator.vehicle import MODELS, Vehicle, VehicleModel

_MINUTE_S: Final = 60.0
_HOUR_S: Final = 3600.0
_SATURDAY: Final = 5


class Arrivals(Protocol):
    """What drivers of a connector have in common; the same random numbers make the same arrivals."""

    def wait_s(self, now: datetime, random: Chance) -> float:
        """Return in how many seconds the next one comes to a connector that is free `now`."""

    def stay_s(self, now: datetime, random: Chance) -> float:
        """Return how long one who comes `now` means to stay, in seconds."""

    def vehicle(self, random: Chance) -> Vehicle:
        """Return the vehicle that comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A kind of place: expected arrivals at a free connector for each hour of the day, and usual stays."""

    name: str
    weekday: tuple[float, ...]
    weekend: tuple[float, ...]
    shortest_stay_s: float
    usual_stay_s: float
    longest_stay_s: float

    def per_hour(self, now: datetime) -> float:
        """Return how many arrivals are expected in the hour around a time of day."""
        return (self.weekend if now.weekday() >= _SATURDAY else self.weekday)[now.hour]


class DailyArrivals:
    """Arrivals at a site; `ahead` is how far its time of day is ahead of the clock."""

    __slots__ = ("_ahead", "_site")

    def __init__(self, site: Site, ahead: timedelta = timedelta()) -> None:
        self._site = site
        self._ahead = ahead

    @property
    def site(self) -> Site:
        return self._site

    def wait_s(self, now: datetime, random: Chance) -> float:
        # A Poisson process whose rate changes with the hour: the expectation that passes until the next
        # arrival is exponentially distributed, however the hours differ.
        left, at, waited_s = random.expovariate(1.0), now + self._ahead, 0.0
        while True:
            hour_s = _HOUR_S - (at.minute * _MINUTE_S + at.second + at.microsecond / 1e6)
            expected = self._site.per_hour(at) * hour_s / _HOUR_S
            if left < expected:
                return waited_s + hour_s * left / expected
            left -= expected
            waited_s += hour_s
            at += timedelta(seconds=hour_s)

    def stay_s(self, now: datetime, random: Chance) -> float:
        site = self._site
        return random.triangular(site.shortest_stay_s, site.longest_stay_s, site.usual_stay_s)

    def vehicle(self, random: Chance) -> Vehicle:
        return any_vehicle(random)


class SteadyArrivals:
    """Somebody new some minutes after the last one has left, day and night."""

    __slots__ = ("_mean_wait_s",)

    def __init__(self, mean_wait_s: float = 12 * _MINUTE_S) -> None:
        self._mean_wait_s = mean_wait_s

    def wait_s(self, now: datetime, random: Chance) -> float:
        return random.expovariate(1 / self._mean_wait_s)

    def stay_s(self, now: datetime, random: Chance) -> float:
        return random.uniform(20, 240) * _MINUTE_S

    def vehicle(self, random: Chance) -> Vehicle:
        return any_vehicle(random)


class AlwaysCharging:
    """Vehicles that are never full and stay for an hour, one after the other: a load test."""

    __slots__ = ()

    def wait_s(self, now: datetime, random: Chance) -> float:
        # A charge point that has just begun needs a moment until it may charge.
        return random.uniform(10, 40)

    def stay_s(self, now: datetime, random: Chance) -> float:
        # Not all at the same time.
        return random.uniform(0.5, 1.5) * _HOUR_S

    def vehicle(self, random: Chance) -> Vehicle:
        return Vehicle(_ENDLESS, soc_percent=random.uniform(8, 65))


def any_vehicle(random: Chance) -> Vehicle:
    """Return some vehicle that wants energy."""
    return Vehicle(
        random.choice(MODELS),
        soc_percent=random.uniform(8, 65),
        target_percent=random.choice((80, 90, 100)),
    )


def any_site(random: Random) -> Site:
    """Return a site, as often of each kind as they are among charging stations."""
    (site,) = random.choices(list(SITES.values()), weights=(5, 2, 3))
    return site


_ENDLESS: Final = VehicleModel(name="endless", battery_wh=1e12, max_power_w=11_000, phases=3)

_SITES: Final = (
    Site(
        name="home",
        # About one vehicle a day, most of them back from work.
        weekday=(
            *(0.01, 0.005, 0.005, 0.005, 0.005, 0.005, 0.01, 0.01, 0.01, 0.015, 0.015, 0.02),
            *(0.03, 0.03, 0.04, 0.07, 0.11, 0.16, 0.16, 0.12, 0.08, 0.05, 0.03, 0.02),
        ),
        weekend=(
            *(0.015, 0.01, 0.005, 0.005, 0.005, 0.005, 0.01, 0.01, 0.015, 0.02, 0.03, 0.04),
            *(0.05, 0.05, 0.05, 0.06, 0.07, 0.08, 0.08, 0.07, 0.05, 0.04, 0.03, 0.02),
        ),
        shortest_stay_s=1 * _HOUR_S,
        usual_stay_s=11 * _HOUR_S,
        longest_stay_s=16 * _HOUR_S,
    ),
    Site(
        name="workplace",
        weekday=(
            *(0.0, 0.0, 0.0, 0.0, 0.01, 0.05, 0.22, 0.50, 0.48, 0.22, 0.09, 0.06),
            *(0.10, 0.12, 0.06, 0.03, 0.02, 0.01, 0.01, 0.0, 0.0, 0.0, 0.0, 0.0),
        ),
        weekend=(
            *(0.0, 0.0, 0.0, 0.0, 0.0, 0.005, 0.01, 0.02, 0.02, 0.02, 0.01, 0.01),
            *(0.01, 0.01, 0.005, 0.005, 0.005, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
        ),
        shortest_stay_s=2 * _HOUR_S,
        usual_stay_s=8 * _HOUR_S,
        longest_stay_s=10 * _HOUR_S,
    ),
    Site(
        name="public",
        weekday=(
            *(0.02, 0.01, 0.01, 0.01, 0.02, 0.04, 0.08, 0.14, 0.20, 0.26, 0.30, 0.34),
            *(0.36, 0.34, 0.31, 0.30, 0.30, 0.30, 0.26, 0.20, 0.14, 0.09, 0.06, 0.03),
        ),
        weekend=(
            *(0.03, 0.02, 0.01, 0.01, 0.01, 0.02, 0.04, 0.07, 0.14, 0.24, 0.34, 0.40),
            *(0.42, 0.40, 0.36, 0.33, 0.30, 0.26, 0.22, 0.17, 0.12, 0.09, 0.06, 0.04),
        ),
        shortest_stay_s=0.3 * _HOUR_S,
        usual_stay_s=1.5 * _HOUR_S,
        longest_stay_s=5 * _HOUR_S,
    ),
)

SITES: Final[Mapping[str, Site]] = MappingProxyType({site.name: site for site in _SITES})
