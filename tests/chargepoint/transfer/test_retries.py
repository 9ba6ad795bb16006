"""Transfers are repeated as often and as late as is asked for."""

from __future__ import annotations

import asyncio

import pytest
from tests.chargepoint.virtual_time import VirtualClock, story

from voltyard.chargepoint.transfer.errors import Failure, TransferFailed
from voltyard.chargepoint.transfer.retries import Retries, persevere, retries


class Work:
    """Fails as told."""

    def __init__(self, *outcomes: Failure | None) -> None:
        self._outcomes = iter(outcomes)
        self.told: list[int] = []
        self.at_s: list[float] = []

    async def __call__(self, failures: int) -> None:
        self.told.append(failures)
        self.at_s.append(asyncio.get_running_loop().time())
        if (failure := next(self._outcomes)) is not None:
            raise TransferFailed(failure, "scripted")


@pytest.mark.parametrize(
    ("repetitions", "interval_s", "expected"),
    [
        (2, 10, Retries(2, 10)),
        (0, 0, Retries(0, 0)),
        (None, None, Retries(3, 60)),
        (-1, -5, Retries(0, 0)),
    ],
)
def test_what_a_request_leaves_open_is_decided_here(
    repetitions: int | None, interval_s: int | None, expected: Retries
) -> None:
    assert retries(repetitions, interval_s) == expected


@story
async def test_success_needs_no_repetition() -> None:
    work = Work(None)

    await persevere(work, Retries(5, 10), VirtualClock(), failed=lambda *_: None)

    assert work.told == [0]


@story
async def test_retries_are_repetitions_after_the_first_attempt() -> None:
    """R-374: retries 2 are 3 attempts."""
    work, failures = Work(Failure.FAILED, Failure.BAD_MESSAGE, Failure.PERMISSION_DENIED), []

    with pytest.raises(TransferFailed) as last:
        await persevere(
            work, Retries(2, 10), VirtualClock(), failed=lambda number, error: failures.append(number)
        )

    assert last.value.failure is Failure.PERMISSION_DENIED
    assert work.told == [0, 1, 2]
    assert work.at_s == [0, 10, 20]
    assert failures == [1, 2, 3]


@story
async def test_attempts_before_count() -> None:
    work = Work(Failure.FAILED, Failure.FAILED)

    with pytest.raises(TransferFailed):
        await persevere(work, Retries(2, 0), VirtualClock(), failed=lambda *_: None, failures=1)

    assert work.told == [1, 2]


@story
async def test_what_is_not_supported_is_not_tried_again() -> None:
    work = Work(Failure.NOT_SUPPORTED)

    with pytest.raises(TransferFailed):
        await persevere(work, Retries(5, 10), VirtualClock(), failed=lambda *_: None)

    assert work.told == [0]
