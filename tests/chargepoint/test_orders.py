"""Hardware that raises has not done what it was to do, and that is all."""

from __future__ import annotations

import asyncio

import pytest
from tests.chargepoint.virtual_time import story

from voltyard.chargepoint.orders import carried_out, obeyed


def test_what_was_done_was_obeyed_and_what_raised_was_not() -> None:
    done: list[int] = []

    def fail() -> None:
        raise OSError("no answer from the board")

    assert obeyed(lambda: done.append(1))
    assert not obeyed(fail)
    assert done == [1]


@pytest.mark.parametrize("says", [True, False])
@story
async def test_hardware_may_say_itself_whether_it_was_able_to(says: bool) -> None:
    async def order() -> bool:
        await asyncio.sleep(1)
        return says

    assert await carried_out(order) is says


@story
async def test_what_raises_in_the_end_was_not_carried_out() -> None:
    async def order() -> bool:
        await asyncio.sleep(1)
        raise OSError("no answer from the board")

    assert not await carried_out(order)


@story
async def test_who_gives_up_waiting_is_not_told_of_a_failure() -> None:
    task = asyncio.create_task(_wait_for_ever())
    await asyncio.sleep(1)
    task.cancel()

    await asyncio.wait({task})

    assert task.cancelled()


async def _wait_for_ever() -> None:
    async def order() -> bool:
        await asyncio.sleep(3600)
        return True

    await carried_out(order)
