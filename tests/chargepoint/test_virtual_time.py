"""The virtual time the stories live in."""

from __future__ import annotations

import asyncio

import pytest
from tests.chargepoint.virtual_time import BEGINNING, VirtualClock, run, story


def test_sleeping_takes_no_time_but_moves_the_clock() -> None:
    async def main() -> float:
        clock = VirtualClock()
        await asyncio.gather(clock.sleep(86_400), clock.sleep(5))
        assert (clock.now() - BEGINNING).total_seconds() == 86_400
        return clock.monotonic()

    assert run(main()) == 86_400


def test_timeouts_obey_it() -> None:
    async def main() -> None:
        async with asyncio.timeout(100):
            await asyncio.sleep(101)

    with pytest.raises(TimeoutError):
        run(main())


def test_waiting_for_what_never_happens_fails() -> None:
    async def main() -> None:
        await asyncio.Event().wait()

    with pytest.raises(RuntimeError, match="nothing will ever happen"):
        run(main())


def test_what_fails_in_the_background_fails_the_story() -> None:
    async def main() -> None:
        asyncio.get_running_loop().call_later(1, lambda: 1 / 0)
        await asyncio.sleep(2)

    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        run(main())


@story
async def test_a_sleep_however_short_takes_time() -> None:
    clock = VirtualClock()
    await clock.sleep(1e6)

    before = clock.monotonic()
    await clock.sleep(1e-12)

    assert clock.monotonic() > before
