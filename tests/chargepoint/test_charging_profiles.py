"""What is installed is there again after a restart."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.charging.installing import (
    DAILY,
    EARLY,
    MAX,
    TX,
    WEEKLY,
    W,
    after,
    installed,
    profile,
    running,
)

from voltyard.chargepoint.charging_profiles import ChargingProfiles
from voltyard.chargepoint.store import Change, MemoryStore
from voltyard.charging.profiles import Installed, clear, install
from voltyard.protocol.payload import Tenths

MANY = installed(
    (0, profile(1, MAX, {0: 10.5, 60: 0}, unit=W, phases=1)),
    (0, profile(2, start=EARLY, recurrency=DAILY, duration=86_400, valid_from=EARLY)),
    (1, profile(-3, start=after(0.25), recurrency=WEEKLY, level=3, min_charging_rate=Tenths("6.5"))),
    (2, profile(10, TX, valid_to=after(60) + timedelta(microseconds=1), transaction_id=102)),
    transactions=running(1, 2),
)


class Counting(MemoryStore):
    def __init__(self) -> None:
        super().__init__()
        self.changes: list[Change] = []

    def commit(self, *changes: Change) -> None:
        self.changes += changes
        super().commit(*changes)


def test_everything_is_there_after_a_restart() -> None:
    """R-349."""
    store = MemoryStore()
    ChargingProfiles(store).keep(MANY)

    again = ChargingProfiles(store)

    assert {each.profile.charging_profile_id: each for each in again.installed} == {
        each.profile.charging_profile_id: each for each in MANY
    }


@pytest.mark.parametrize(
    ("following", "written"),
    [
        (MANY, set()),
        (clear(MANY, id=2), {"2"}),
        ((), {"1", "2", "-3", "10"}),
        # It takes the place of the profile with the same level, and of the one with the same id.
        (install(MANY, installed((0, profile(7)))[0]), {"2", "7"}),
        (install(MANY, installed((1, profile(1)))[0]), {"1"}),
    ],
)
def test_only_what_changes_is_written(following: Installed, written: set[str]) -> None:
    store = Counting()
    profiles = ChargingProfiles(store)
    profiles.keep(MANY)
    store.changes.clear()

    profiles.keep(following)

    assert {change.key for change in store.changes} == written
    assert set(ChargingProfiles(store).installed) == set(following) == set(profiles.installed)
