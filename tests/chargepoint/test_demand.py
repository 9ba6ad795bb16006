"""A vehicle that is not offered anything is not taken for one that wants nothing."""

from __future__ import annotations

from voltyard.chargepoint.demand import RESPONSE_S, Demand


def demand(*, offered_at: float | None = 0.0) -> Demand:
    made = Demand(0.0)
    if offered_at is not None:
        made.offered(is_enough=True, now=offered_at)
    return made


def test_a_vehicle_counts_as_wanting_until_it_could_have_answered() -> None:
    silent = demand()
    silent.observe(asks=False, now=RESPONSE_S - 1)
    assert silent.wants_energy
    assert silent.decided_at == RESPONSE_S

    silent.observe(asks=False, now=RESPONSE_S)

    assert not silent.wants_energy
    assert silent.decided_at is None


def test_who_has_asked_and_asks_no_more_wants_nothing_at_once() -> None:
    full = demand()
    full.observe(asks=True, now=5)
    assert full.decided_at is None

    full.observe(asks=False, now=6)

    assert not full.wants_energy


def test_who_is_offered_nothing_is_not_waited_for() -> None:
    suspended = demand(offered_at=None)

    suspended.observe(asks=False, now=1000)

    assert suspended.wants_energy
    assert suspended.decided_at is None


def test_what_was_known_before_a_suspension_holds_during_it() -> None:
    for asked in (True, False):
        suspended = demand()
        suspended.observe(asks=True, now=1)
        suspended.observe(asks=asked, now=2)
        suspended.offered(is_enough=False, now=3)

        suspended.observe(asks=False, now=500)

        assert suspended.wants_energy is asked


def test_after_a_suspension_a_vehicle_has_its_time_again() -> None:
    resumed = demand()
    resumed.observe(asks=True, now=1)
    resumed.offered(is_enough=False, now=100)
    resumed.offered(is_enough=True, now=200)
    # More or less of it makes no difference.
    resumed.offered(is_enough=True, now=210)

    resumed.observe(asks=False, now=211)

    assert resumed.wants_energy
    assert resumed.decided_at == 200 + RESPONSE_S


def test_who_asks_wants_whatever_was_known() -> None:
    late = demand()
    late.observe(asks=False, now=RESPONSE_S)

    late.observe(asks=True, now=RESPONSE_S + 1)

    assert late.wants_energy
