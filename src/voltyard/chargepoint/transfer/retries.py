"""Transferring again what failed, as often as the central system asks for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from voltyard.chargepoint.clock import Clock
from voltyard.chargepoint.transfer.errors import Failure, TransferFailed

USUAL_RETRIES: Final = 3
USUAL_INTERVAL_S: Final = 60


class Retries(NamedTuple):
    """How often a failed transfer is repeated after the first attempt (errata 3.50), and after how long."""

    repetitions: int
    interval_s: int


def retries(repetitions: int | None, interval_s: int | None) -> Retries:
    """Return what a request asks for; what it leaves open is ours to decide (OCPP 1.6 §6.25)."""
    return Retries(
        USUAL_RETRIES if repetitions is None else max(0, repetitions),
        USUAL_INTERVAL_S if interval_s is None else max(0, interval_s),
    )


async def persevere(
    work: Callable[[int], Awaitable[None]],
    asked: Retries,
    clock: Clock,
    *,
    failed: Callable[[int, TransferFailed], None],
    failures: int = 0,
) -> None:
    """Do `work` until it succeeds or has failed once more often than it is to be repeated.

    It is told how often it has failed: `failures` times before all this. `failed` is told of each failure.
    Raises the last `TransferFailed`; what is not supported is not tried again.
    """
    while True:
        try:
            await work(failures)
        except TransferFailed as error:
            failures += 1
            failed(failures, error)
            if failures > asked.repetitions or error.failure is Failure.NOT_SUPPORTED:
                raise
        else:
            return
        await clock.sleep(asked.interval_s)
