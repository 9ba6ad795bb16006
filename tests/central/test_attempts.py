"""The attempt limiter: guessers meet it, the charge point they pretend to be does not (reliability G-S2)."""

from __future__ import annotations

import pytest

from voltyard.central.attempts import AttemptLimiter

HOME, GUESSER = "192.0.2.10", "198.51.100.66"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def fail(limiter: AttemptLimiter, times: int, *, identity: str = "CP-1", address: str = GUESSER) -> None:
    for _ in range(times):
        limiter.failed(identity, address)


def test_the_tenth_failure_within_a_minute_is_the_last_attempt_for_now() -> None:
    clock = Clock()
    limiter = AttemptLimiter(clock)

    fail(limiter, 9)
    before = limiter.retry_after_s("CP-1", GUESSER)
    fail(limiter, 1)

    assert before == 0
    assert limiter.retry_after_s("CP-1", GUESSER) == 60


def test_attempts_are_let_in_again_as_the_failures_grow_older_than_a_minute() -> None:
    clock = Clock()
    limiter = AttemptLimiter(clock)
    fail(limiter, 1)
    clock.now += 45
    fail(limiter, 9)

    clock.now += 5
    soon = limiter.retry_after_s("CP-1", GUESSER)
    clock.now += 10
    now = limiter.retry_after_s("CP-1", GUESSER)
    fail(limiter, 1)

    assert (soon, now) == (10, 0)
    assert limiter.retry_after_s("CP-1", GUESSER) == 45  # no minute ever holds more than ten failures


def test_a_guesser_does_not_lock_out_the_charge_point_from_its_own_address() -> None:
    limiter = AttemptLimiter(Clock())

    fail(limiter, 500, address=GUESSER)

    assert limiter.retry_after_s("CP-1", HOME) == 0


def test_trying_many_identities_from_one_address_meets_the_limit_of_the_address() -> None:
    limiter = AttemptLimiter(Clock())

    for number in range(100):
        limiter.failed(f"CP-{number}", GUESSER)

    assert limiter.retry_after_s("CP-another", GUESSER) == 60
    assert limiter.retry_after_s("CP-another", HOME) == 0


def test_charge_points_that_share_the_address_of_a_guesser_still_get_in() -> None:
    limiter = AttemptLimiter(Clock())
    limiter.succeeded("CP-real", HOME)

    fail(limiter, 100, identity="CP-1", address=HOME)

    assert limiter.retry_after_s("CP-real", HOME) == 0
    assert limiter.retry_after_s("CP-new", HOME) == 60


def test_a_usual_address_does_not_lift_the_limit_of_the_identity() -> None:
    limiter = AttemptLimiter(Clock())
    limiter.succeeded("CP-1", HOME)

    fail(limiter, 10, address=HOME)

    assert limiter.retry_after_s("CP-1", HOME) == 60


def test_a_success_forgives_the_failures_before_it() -> None:
    limiter = AttemptLimiter(Clock())
    fail(limiter, 9, address=HOME)

    limiter.succeeded("CP-1", HOME)
    fail(limiter, 9, address=HOME)

    assert limiter.retry_after_s("CP-1", HOME) == 0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),  # one customer's network
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.10", "192.0.2.10", True),
        ("192.0.2.10", "192.0.2.11", False),
        ("", "", True),  # a unix socket has no address
    ],
)
def test_addresses_of_one_network_count_as_one(one: str, other: str, same: bool) -> None:
    limiter = AttemptLimiter(Clock())

    fail(limiter, 10, address=one)

    assert (limiter.retry_after_s("CP-1", other) > 0) is same


def test_memory_is_bounded_and_the_oldest_is_forgotten_first() -> None:
    limiter = AttemptLimiter(Clock(), per_identity=1, remembered=100)

    for number in range(1000):
        limiter.failed(f"CP-{number}", f"10.0.{number // 250}.{number % 250}")
        limiter.succeeded(f"CQ-{number}", HOME)

    assert limiter.retry_after_s("CP-999", "10.0.3.249") == 60
    assert limiter.retry_after_s("CP-0", "10.0.0.0") == 0
